#!/usr/bin/env bash
# A batch drawn as training gets it: the images of that batch under their classes, stored and
# augmented; the same bytes each time; every augmentation beside the others.
#   show_batch_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
for i in 1 2 3 4 5; do cp "$root/tests/data/images/grey.png" pets/dogs/$i.png; done
draw() { "$archsweep" show-batch sweep.yaml "$@" > out 2> err || say "$*: exit $?: $(cat err)"; }
# tiles FILE: a line an image of the batch: its class, label, file, and a hash of each tile of it.
tiles() {
  python3 - "$1" <<'PY'
import hashlib, re, sys
for image in re.findall(r'<g>.*?</g>', open(sys.argv[1]).read(), re.S):
    label, file = re.search(r'<title>(.*)\n(.*)</title>', image).groups()
    print(label, re.findall(r'>([^<]*)</text>', image)[-1], file, *(hashlib.md5(t.encode()).hexdigest() for t in re.findall('base64,([^"]+)', image)))
PY
}

# A batch is 4 of the 8 images that are trained on. Under each what becomes of it.
draw -o flip.svg --set 'augmentation=[{horizontal_flip: 1}]'
[ "$(cat out)" = flip.svg ] || say "said: $(cat out)"
tiles flip.svg > flip
[ "$(wc -l < flip)" = 4 ] || say "not 4 images: $(cat flip)"
grep -vE '^(cats|dogs) \1 \1/[1-5]\.png ' flip && say "the label is not the class of the file"
[ "$(cut -d' ' -f1,4 flip | sort -u | wc -l)" = "$(cut -d' ' -f1 flip | sort -u | wc -l)" ] || say "pictures of a class differ"
[ "$(awk '$1 == "cats" && $4 != $5' flip | wc -l)" = "$(grep -c ^cats flip)" ] || say "not mirrored: $(cat flip)"
draw -o none.svg --set augmentation=none; tiles none.svg | awk '$4 != $5' | grep . && say "none changes images"
draw -o twice.svg --set 'augmentation=[{horizontal_flip: 1}, {horizontal_flip: 1}]'
tiles twice.svg | awk '$4 != $5' | grep . && say "mirrored twice is not as before"
[ "$(cut -d' ' -f3 flip)" = "$(tiles none.svg | cut -d' ' -f3)" ] || say "augmentation changes which images are in the batch"

# The same batch is the same file; another epoch or seed is another batch.
cp flip.svg first.svg; draw -o flip.svg --set 'augmentation=[{horizontal_flip: 1}]'
cmp -s first.svg flip.svg || say "the same batch twice is not the same file"
for other in '--epoch 2' '--set training.seeds=[7]'; do
  draw -o other.svg --set 'augmentation=[{horizontal_flip: 1}]' $other
  [ "$(tiles other.svg | cut -d' ' -f3)" = "$(cut -d' ' -f3 flip)" ] && say "$other: the same images in the same order"
done
draw -o two.svg --count 2; [ "$(tiles two.svg | wc -l)" = 2 ] || say "--count 2: $(tiles two.svg)"
[ "$(tiles two.svg | cut -d' ' -f3)" = "$(head -2 flip | cut -d' ' -f3)" ] || say "--count 2 shows others than the first two"
# More than a batch are of several; more than an epoch are all that there are, and it says so.
draw -o six.svg --count 6 --set augmentation=none; tiles six.svg > six
[ "$(wc -l < six)" = 6 ] && [ "$(cut -d' ' -f3 six | sort -u | wc -l)" = 6 ] || say "--count 6: $(cat six)"
[ "$(head -4 six | cut -d' ' -f3)" = "$(cut -d' ' -f3 flip)" ] || say "--count 6 begins with another batch"
grep -q 'Batches 1 to 2 of epoch 1' six.svg || say "--count 6 has no title of two batches"
grep -q 'has no more' err && say "--count 6: $(cat err)"
draw -o all.svg --count 100; [ "$(tiles all.svg | wc -l)" = 8 ] || say "--count 100: $(tiles all.svg)"
grep -q '^8 images: epoch 1 has no more$' err || say "--count 100 says: $(cat err)"

# Mixed with the one at its place from the end, an image of another class is of both classes.
draw -o mixed.svg --set 'augmentation=[mixup]' --set training.batch_size=8; tiles mixed.svg > mixed
paste -d' ' mixed <(tac mixed) | awk '$1 != $6' > pairs
[ -s pairs ] || say "no cat meets a dog: $(cat mixed)"
awk '$4 == $5' pairs | grep . && say "not mixed"
[ "$(grep -cE '>[0-9]+ % (cats|dogs)<' mixed.svg)" = "$((2 * $(wc -l < pairs)))" ] || say "written is: $(grep ' %' mixed.svg)"

draw -o all.html --compare
for step in none light fastai random_resized_crop aug_transforms augmix mixup_cutmix; do
  grep -q ">$step</text>" all.html || say "--compare has no $step"
done
draw -o batch.png
[ "$(head -c 4 batch.png | tail -c 3)" = PNG ] || say "no PNG"

expect picture 2 '^batch.jpg: the name must end in .html, .svg or .png' "$archsweep" show-batch sweep.yaml -o batch.jpg
expect output 2 '--output is required' "$archsweep" show-batch sweep.yaml
expect count 2 '--count' "$archsweep" show-batch sweep.yaml -o a.svg --count 0
expect glob 2 'not a glob' "$archsweep" show-batch sweep.yaml -o a.svg --arch 'test_*'
expect config 2 '^gone.yaml:1:1: no such file' "$archsweep" show-batch gone.yaml -o a.svg
"$archsweep" show-batch sweep.yaml -o gone/a.svg > out 2> err; code=$?
[ $code = 3 ] && tail -1 err | grep -q '^gone/a.svg: cannot be written' || say "folder: exit $code: $(cat err)"
rm pets/*/*; expect empty 2 'pets' "$archsweep" show-batch sweep.yaml -o a.svg
rm -r pets; expect no_data 2 'pets.*no folder|no folder' "$archsweep" show-batch sweep.yaml -o a.svg
exit $failed
