#!/usr/bin/env bash
# Trains a tiny network with each word for an augmentation: each is another experiment, and the same
# again on another number of threads.
#   augmentation_test.sh ARCHSWEEP SOURCE_ROOT
set -euo pipefail
archsweep=$1 root=$2
[ -d /usr/share/datasets/fashion-mnist ] || { echo "skipped: no Fashion-MNIST (apt-get install dataset-fashion-mnist)"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
run() {
  "$archsweep" run "$root/configs/smoke.yaml" --set 'architectures=[test_vit]' --set measurement.enabled=false \
    --set dataset.train_samples=256 --set dataset.valid_samples=100 --set 'output.plots=[]' "$@" > log 2>&1 || { cat log; exit 1; }
}
losses() { sqlite3 -readonly "$1" "SELECT printf('%.4f', train_loss) FROM epochs ORDER BY trial"; }

mixed='[horizontal_flip, aug_transforms, rand_augment, {random_erasing: 1}, mixup_cutmix]'
for word in none fastai timm trivial "$mixed"; do
  run --set "augmentation=$word" --set scheduler.threads=2
done
[ "$(losses smoke.db | sort -u | wc -l)" = 5 ] || { echo "not five experiments with five losses:"; losses smoke.db; exit 1; }
run --set "augmentation=$mixed" --set scheduler.threads=1 --set output.database=one.db
[ "$(losses one.db)" = "$(losses smoke.db | tail -1)" ] || { echo "other numbers on one thread"; losses one.db; losses smoke.db; exit 1; }

if "$archsweep" check "$root/configs/smoke.yaml" --set 'augmentation=[mixup, random_crop]' 2> said; then exit 1; fi
grep -q "put it before mixup" said || { cat said; exit 1; }
echo "five augmentations, five losses: $(losses smoke.db | paste -sd ' ')"
