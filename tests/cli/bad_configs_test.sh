#!/usr/bin/env bash
# Broken configs: exit 2, a place in the message, nothing written, and no waiting.
#   bad_configs_test.sh ARCHSWEEP SOURCE_ROOT
set -uo pipefail
archsweep=$1 root=$2 failed=0
[ -d /usr/share/datasets/fashion-mnist ] || { echo "skipped: no Fashion-MNIST"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
good=$(sed "/^extends/d" "$root/configs/quickstart.yaml")

# name, what the message must hold, the file's text on stdin
expect() {
  cat > "$1.yaml"
  local before; before=$(ls)
  timeout 10 "$archsweep" check "$1.yaml" > out 2> err; local code=$?
  rm -f out
  if [ $code -ne 2 ] || ! grep -q "^$1.yaml:[0-9]*:[0-9]*: .*$2" err || [ "$(ls | grep -v '^err$')" != "$(grep -v -e '^err$' <<< "$before")" ]; then
    echo "$1: exit $code, said: $(head -c 300 err)"; failed=1
  fi
}

expect empty 'empty' < /dev/null
printf 'a:\n\t- b' | expect tab ''
printf '\x00\x01\x02' | expect binary 'not a text file'
printf -- '- 1\n- 2\n' | expect list 'expected keys'
printf '%s\ndataset: {kind: image_folder}\n' "$good" | expect twice 'second time'
sed 's/^architectures:/architecture:/' <<< "$good" | expect typo "did you mean 'architectures'"
sed 's/^architectures:/architectures:\n  - nothing_matches_this_*/' <<< "$good" | expect glob 'matches nothing'
sed 's/resnet10t/resnet10x/' <<< "$good" | expect name "did you mean 'resnet10"
sed 's/^learning_rate:.*/learning_rate: fast/' <<< "$good" | expect rate 'expected a number above 0'
sed 's/epochs: 3/epochs: 0/' <<< "$good" | expect epochs 'training.epochs: must be from 1'
sed 's/optimizer: adamw/optimizer: adamv/' <<< "$good" | expect word "did you mean 'adamw'"
sed 's/  kind: fashion_mnist/  kind: idx\n  root: not_there/' <<< "$good" | expect folder 'no folder'
{ printf 'a: '; head -c 20000 /dev/zero | tr '\0' '['; } | expect deep 'deeper'
printf 'a: &a [*a]' | expect alias ''
printf 'extends: extends.yaml\n' | expect extends 'circle'
head -c 5000000 /dev/zero | tr '\0' 'a' | expect big 'at most'

# Two faults, two lines.
sed 's/epochs: 3/epochs: no/; s/batch_size: 64/batch_siz: 64/' <<< "$good" > two.yaml
[ "$("$archsweep" check two.yaml 2>&1 | grep -c '^two.yaml:')" = 2 ] || { echo "two faults are not two lines"; failed=1; }
# The good one holds.
printf '%s\n' "$good" > good.yaml
"$archsweep" check good.yaml > /dev/null || { echo "the good config is refused"; failed=1; }
grep -q "did you mean 'list'" <<< "$("$archsweep" lst 2>&1)" || { echo "no suggestion for a command"; failed=1; }
exit $failed
