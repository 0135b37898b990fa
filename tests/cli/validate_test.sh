#!/usr/bin/env bash
# Real weights on real photos give what timm's validate gives (130 and 143 of 153 right), from a file
# and through a hub on loopback; what cannot be validated is refused in one line.
#   validate_test.sh ARCHSWEEP SOURCE_ROOT
set -uo pipefail
archsweep=$1 root=$2 failed=0
weights=$root/../shared/weights/tf_efficientnet_lite0.safetensors photos=$root/../shared/data/hymenoptera/val
[ -e "$weights" ] && [ -d "$photos" ] || { echo "skipped: no shared/weights and shared/data beside the checkout"; exit 77; }
work=$(mktemp -d); server=; trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
export HF_HOME=$work/hf; unset HF_TOKEN HF_HUB_CACHE HF_HUB_OFFLINE HF_ENDPOINT
{ head -c 309 /dev/zero | tr '\0' '\n'; echo bees; echo ants; } > "$work/map.txt"

validate() { timeout 120 "$archsweep" validate --class-map "$work/map.txt" --format csv "$@" "$photos"; }

# what it is, then the arguments
row='tf_efficientnet_lite0[^,]*,84\.967[0-9]*,93\.464[0-9]*,153,0,'
gives() {
  local what=$1; shift
  validate "$@" > "$work/out" 2> "$work/err" && grep -q "^$row" "$work/out" || { echo "$what: $(tail -1 "$work/out") $(tail -1 "$work/err")"; failed=1; }
}
# what it is, exit code, part of the message, then the arguments
refused() {
  local what=$1 code=$2 message=$3; shift 3
  validate "$@" > "$work/out" 2> "$work/err"
  [ $? -eq "$code" ] && [ "$(wc -l < "$work/err")" -eq 1 ] && grep -q "$message" "$work/err" || { echo "$what: $(cat "$work/err")"; failed=1; }
}

gives "from a file" --arch tf_efficientnet_lite0 --weights "$weights"
refused "an unknown name" 2 "unknown architecture 'tf_efficientnet_lite9'; did you mean" --arch tf_efficientnet_lite9
refused "an unknown tag" 2 "has no weights 'in2k'; did you mean 'in1k'" --arch tf_efficientnet_lite0.in2k
refused "another network's weights" 2 "does not fit the network: .* keys are missing" --arch mobilenetv3_small_050 --weights "$weights"
refused "a photo for weights" 2 "not a safetensors file" --arch tf_efficientnet_lite0 --weights "$(ls "$photos"/bees/*.jpg | head -1)"
HF_HUB_OFFLINE=1 refused "offline" 3 "HF_HUB_OFFLINE is set" --arch tf_efficientnet_lite0

mkfifo "$work/in"
python3 "$root/tests/archs/hub_server.py" "$weights" < "$work/in" > "$work/port" & server=$!
exec 9> "$work/in"
until [ -s "$work/port" ]; do sleep 0.05; done
export HF_ENDPOINT=http://127.0.0.1:$(cat "$work/port")
gives "from a hub" --arch tf_efficientnet_lite0
grep -q '100 % of 17.9 MiB' "$work/err" || { echo "no progress: $(cat "$work/err")"; failed=1; }
HF_HUB_OFFLINE=1 gives "from the cache" --arch tf_efficientnet_lite0.in1k
exit $failed
