#!/usr/bin/env bash
# Data that are missing, empty, damaged or unreadable: told before the first trial starts, by name.
#   bad_data_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
run() { "$archsweep" run sweep.yaml "$@"; }
pets=$(realpath pets)
unstarted() { [ "$(sqlite3 -readonly sweep.db 'SELECT count(*) FROM attempts' 2> /dev/null || echo 0)" = 0 ] || say "$1: a trial was started"; }

mv pets away
expect missing 2 "^sweep.yaml:1:[0-9]+: dataset.root: no folder '$pets'" run
[ ! -e sweep.db ] || say "missing data leave a database"
mkdir pets
expect nothing 2 "^$pets: no class folders; the layout is CLASS" run
mkdir pets/cats; cp away/cats/* pets/cats
expect one_class 2 "^$pets: only one class \\(cats\\); a classifier needs two" run
mkdir pets/dogs
expect empty_class 2 "^$pets/dogs: the class folder is empty; add images or remove it" run
echo text > pets/dogs/notes.txt
expect no_image 2 "^$pets: class dogs has no readable image to train on; add images" run
unstarted "bad data"

# Some that cannot be read among good ones: left out by name, or refused when asked.
rm -r pets; cp -r away pets
cp "$root/tests/data/images/truncated.jpg" pets/cats/cut.jpg
cp "$root/tests/data/images/bomb.png" pets/cats/bomb.png
cp "$root/tests/data/images/gif_named.jpg" pets/dogs/gif.jpg  # good: known by its content
ln -s gone pets/dogs/dangling.png
mkfifo pets/dogs/pipe.png
unreadable=4
if [ "$(id -u)" -ne 0 ]; then cp away/dogs/1.png pets/dogs/locked.png; chmod 0 pets/dogs/locked.png; unreadable=5; fi
expect refused 2 "unreadable in all\\); mend or remove it, or set dataset.bad_images: skip" run --set dataset.bad_images=fail
grep -q "($unreadable unreadable" err || say "refused: $(cat err)"
unstarted "refused data"
expect left_out 0 '' run
[ "$(grep -c 'left out /' out)" = $unreadable ] || say "not every bad image is named: $(grep 'left out' out)"
for name in cut.jpg bomb.png dangling.png pipe.png; do grep -q "left out $pets/.*/$name: ." out || say "$name is not named"; done

# The same without a sweep, and images that are in both parts: all the photos here are one.
"$archsweep" check sweep.yaml --data > out 2> err; code=$?
[ $code = 1 ] || say "check --data: exit $code: $(cat err)"
[ "$(grep -c 'left out /' out)" = $unreadable ] || say "check --data does not name every bad image"
grep -q "sweep.yaml: $unreadable files are left out, [12] validation images are trained on too" out || say "check --data: $(tail -1 out)"
grep -q "trained on and validated with: .* = " out || say "no pair is named"

# IDX files.
mkdir digits; printf 'x' > digits/train-images-idx3-ubyte; printf 'x' > digits/train-labels-idx1-ubyte
expect idx 2 "digits/train-labels-idx1-ubyte: not an IDX file .*; fetch the file again" run --set dataset.kind=idx --set dataset.root=digits
expect idx_missing 2 "pets: no file like train-labels-idx" run --set dataset.kind=idx
expect kind 2 "digits: no class folders" run --set dataset.root=digits

# Folders that say what is held out, and classes of one image.
photo=$(find pets -name '*.bmp' -o -name '*.jpg' -o -name '*.png' | head -1)
for part in train valid; do for name in a b; do mkdir -p "parted/$part/$name" "single/$name"; cp "$photo" "parted/$part/$name/$part"."${photo##*.}"; done; done
for name in a b; do cp "$photo" "single/$name/$name.${photo##*.}"; done
expect folds 2 "parted: its images say themselves which are held out, .* leave out dataset.folds" run --set dataset.root=parted --set dataset.folds=2
expect single 2 "single: no class has two images, one to train on and one to hold out" run --set dataset.root=single
exit $failed
