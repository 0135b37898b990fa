# What these scripts share; sourced with the arguments ARCHSWEEP SOURCE_ROOT. Leaves the shell in an
# empty folder that is gone in the end.
set -uo pipefail
archsweep=$1 root=$2 failed=0 mounted=()
work=$(mktemp -d); cd "$work"
leave() {
  local folder
  for folder in ${mounted[@]+"${mounted[@]}"}; do umount "$folder"; done
  rm -rf "$work"
}
trap leave EXIT

say() { echo "$*"; failed=1; }

# expect NAME CODE PATTERN COMMAND...: the command ends with CODE and says one line on stderr that
# matches PATTERN ('': nothing).
expect() {
  local name=$1 code=$2 pattern=$3; shift 3
  "$@" > out 2> err < /dev/null; local got=$? lines; lines=$(wc -l < err)
  if [ $got -ne "$code" ]; then say "$name: exit $got, expected $code; said: $(head -c 500 err)"; fi
  if [ -z "$pattern" ]; then [ "$lines" -eq 0 ] || say "$name: said: $(head -c 500 err)"
  else
    [ "$lines" -eq 1 ] || say "$name: $lines lines, not one: $(head -c 500 err)"
    grep -qE -- "$pattern" err || say "$name: expected '$pattern', said: $(head -c 500 err)"
  fi
}

# Two classes of five tiny photos in pets/, and sweep.yaml, seconds of training over them.
small_sweep() {
  local kind i
  for kind in cats dogs; do
    mkdir -p pets/$kind
    for i in 1 2 3 4 5; do cp "$root/tests/data/images/rgb.png" pets/$kind/$i.png; done
  done
  cat > sweep.yaml <<'YAML'
dataset: {kind: image_folder, root: pets, image_size: 32}
architectures: [test_resnet]
training: {epochs: 1, batch_size: 4}
measurement: {enabled: false}
scheduler: {device: cpu, threads: 1}
YAML
}

# A file system of its own, of SIZE; false where mounting is not allowed.
small_disk() {
  mkdir -p "$1" && mount -t tmpfs -o size="$2" tmpfs "$1" 2> /dev/null && mounted+=("$work/$1")
}
