#!/usr/bin/env bash
# configs/pets.yaml as its comments say: photos as Oxford packs them, laid out by the very command that stands
# there, GIFs and damaged files among them; then checked, and run in small.
#   pets_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
cp "$root/configs/pets.yaml" .
expect absent 2 "^pets.yaml:[0-9]+:9: dataset.root: no folder '.*/pets'; unpack https://" "$archsweep" check pets.yaml

mkdir images
for breed in Abyssinian american_pit_bull_terrier Egyptian_Mau wheaten_terrier; do
  for i in 1 2 3 4 5 6; do cp "$root/tests/data/images/rgb.jpg" "images/${breed}_$i.jpg"; done
done
cp "$root/tests/data/images/gif_named.jpg" images/Abyssinian_34.jpg
cp "$root/tests/data/images/rgb.png" images/Egyptian_Mau_191.jpg
cp "$root/tests/data/images/truncated.jpg" images/Egyptian_Mau_145.jpg
touch images/Abyssinian_100.mat  # as in Oxford's archive
tar czf images.tar.gz images && rm -r images
layout=$(grep -E '^#   (mkdir|tar) ' pets.yaml | cut -c5-)
[ -n "$layout" ] || say "the comments do not say how to lay out the photos"
bash -ec "$layout"
[ -e pets/images/Egyptian_Mau_145.jpg ] || say "laid out as $(ls pets)"

expect check 0 '' "$archsweep" check pets.yaml
grep -q 'pets.yaml is valid: ' out || say "the plan is not printed"
for name in convnext_tiny mobilenetv3_large_100 resnet50d vit_small_patch16_224; do
  [ "$(awk -v name=$name '$2 == name' out | wc -l)" = 6 ] || say "$name is not there at two learning rates and three seeds"
done
look=$(grep -o "^#   archsweep run .*" pets.yaml | cut -c5- | sed 's#archsweep run configs/#archsweep run #')
[ -n "$look" ] || say "the comments do not show a first look"
shim=$(mktemp -d -p .); ln -s "$archsweep" "$shim/archsweep"
expect dry_run 0 '' env PATH="$PWD/$shim:$PATH" bash -c "$look --dry-run --set training.weights=none"
grep -q '^2 trials, .* on 1 slot, done at ' out || say "the first look is $(tail -1 out)"
expect small 0 '' "$archsweep" run pets.yaml --set 'architectures=[test_resnet]' --set training.base_lr=1e-3 --set training.weights=none --set training.seeds=1 \
  --set training.epochs=1 --set dataset.image_size=32 --set measurement.enabled=false --set scheduler.threads=1 --set 'output.plots=[]'
grep -q 'images, 4 classes, 1 left out' out || say "the photos are read as: $(grep '^data' out)"
exit $failed
