#!/usr/bin/env bash
# The cache of decoded images: a build that is killed leaves nothing that looks whole, workers that
# start together decode once, what is damaged is decoded again, a budget is kept, and `archsweep
# cache` shows and clears all of it but what is in use. ARCHSWEEP_KILLS: how many kills (6).
#   cache_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
. "$root/tests/end_to_end/worker_lib.sh"
small_sweep
run() { "$archsweep" run sweep.yaml "$@"; }
cache() { "$archsweep" cache "$@"; }
column() { cache --format csv "${@:2}" | python3 -c 'import csv, sys; print(*(r[sys.argv[1]] for r in csv.DictReader(sys.stdin)))' "$1"; }
decoded() { grep -c '"phase":"data".*"step":[1-9]' "$1"; }

expect none 0 '' cache
grep -q '^no cache in /' out || say "no word of an empty folder: $(cat out)"
expect first 0 '' run
[ "$(column dataset)" = "$(realpath pets)" ] && [ "$(column state)" = idle ] && [ "$(column images)" = 10 ] || say "the list: $(cache)"
file=$(column file)
[ "$(column bytes)" = "$(stat -c %s "$file")" ] || say "bytes: $(column bytes)"

# Killed at random moments while it decodes: 100 large pictures.
mkdir -p many/cats many/dogs
python3 - <<'PY'
import os, struct
side = 1200
with open("large.bmp", "wb") as f:
    f.write(struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + 3 * side * side, 0, 0, 54, 40, side, side, 1, 24, 0, 3 * side * side, 0, 0, 0, 0))
    f.write(os.urandom(3 * side) * side)
for kind in "cats", "dogs":
    for i in range(50):
        os.link("large.bmp", f"many/{kind}/{i}.bmp")
PY
prepare() { job "$1" kind=prepare journal= "spec.dataset.root=$PWD/many" spec.dataset.image_size=224 spec.dataset.stored_size=224 "cache_folder=$PWD/$2"; }
prepare whole.json whole; prepare killed.json killed; prepare both.json both
written() { until cache --in "$1" --format csv 2> /dev/null | grep -q ',in use$' || ! kill -0 $pid 2> /dev/null; do :; done; }
"$worker" < whole.json > whole.log 2> err & pid=$!
written whole; start=$(date +%s%N)
wait $pid || say "prepare: $(cat err)"
took=$((($(date +%s%N) - start) / 1000000)) whole=$(sha256sum < whole/*.images)
kills=0 unfinished=0 finished=0
for _ in $(seq $((3 * ${ARCHSWEEP_KILLS:-6}))); do
  [ $kills -lt "${ARCHSWEEP_KILLS:-6}" ] || break
  "$worker" < killed.json > /dev/null 2> err & pid=$!
  written killed
  sleep "$(python3 -c "import random; print(random.random() * $took / 1000)")"
  kill -KILL $pid 2> /dev/null
  wait $pid 2> /dev/null; code=$?
  case $code in
    137) kills=$((kills + 1)) ;;
    0) ;;  # it was quicker than the kill
    *) say "exit $code: $(head -c 500 err)"; break ;;
  esac
  [ "$(column state --in killed)" != 'in use' ] || say "a killed worker still has the cache"
  if [ -e killed/*.images ]; then
    [ "$(sha256sum < killed/*.images)" = "$whole" ] || say "a killed worker left a cache that is not whole"
    finished=$((finished + 1)); rm -f killed/*
  elif [ -e killed/*.part ]; then
    unfinished=$((unfinished + 1))
    [ "$(column state --in killed)" = unfinished ] || say "it is listed as $(column state --in killed)"
  fi
done
"$worker" < killed.json > /dev/null 2> err || say "after the kills: $(cat err)"
[ "$(sha256sum < killed/*)" = "$whole" ] || say "after the kills the cache differs, or more is left: $(ls killed)"
[ $unfinished -gt 0 ] || say "no kill fell into the decoding"
echo "$kills kills: $unfinished left an unfinished file, $finished a whole one"

# Two at once: one decodes, both have it.
"$worker" < both.json > one.log 2> err1 & one=$!
"$worker" < both.json > two.log 2> err2 & two=$!
wait $one || say "the first of two: $(cat err1)"
wait $two || say "the second of two: $(cat err2)"
[ "$(($(decoded one.log) > 0))$(($(decoded two.log) > 0))" != 11 ] || say "two workers decoded the same images"
[ "$(tail -n 1 one.log)" = "$(tail -n 1 two.log)" ] || say "two workers differ"
[ "$(sha256sum < both/*)" = "$whole" ] || say "two at once make another cache: $(ls both)"

# Cut short, and one bit of an image altered.
more() { expect "$1" 0 '' run --set "learning_rate=$2"; }
truncate -s -1 "$file"; more cut 0.01
[ "$(column state)" = idle ] || say "a cache that was cut short is $(column state)"
good=$(sha256sum < "$file")
python3 - "$file" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(5000); byte = f.read(1)[0]; f.seek(5000); f.write(bytes([byte ^ 1]))
PY
more altered 0.02
[ "$(sha256sum < "$file")" = "$good" ] || say "an altered cache stays"
grep -q 'not those that were written' sweep-files/trials/prepare*.log || say "no word of the altered cache: $(cat sweep-files/trials/prepare*.log)"

# The room that they may take; ten images of 32 pixels take 30 KiB.
kib() { python3 -c "print($1 / 2**20)"; }
expect budget 3 'these images take 7[0-9.]* KiB, and of the 50 KiB of output.cache_gib 0 B are in use; raise it' \
  run --set dataset.image_size=50 --set "output.cache_gib=$(kib 50)"
expect no_room 3 'of the 1 B of output.cache_gib 0 B are in use; raise it' run --set dataset.image_size=50 --set output.cache_gib=1e-12
expect evicts 0 'of 2 speed_keys' run --set dataset.image_size=31 --set "output.cache_gib=$(kib 50)"
[ "$(column side)" = 31 ] || say "room was not made: $(cache)"

# What a running sweep uses stays; all else goes.
(exec "$archsweep" run sweep.yaml --set learning_rate=0.03 --set training.epochs=100000 > first.log 2>&1) & sweep=$!
for _ in $(seq 2000); do grep -q '^epoch' first.log && break; sleep 0.05; done
grep -q '^epoch' first.log || say "the sweep does not start: $(cat first.log)"
[ -n "$(find /proc/$sweep/fd -lname '*.images')" ] || say "the sweep itself does not hold the cache, so that it would be free between trials"
used=$(cache --format csv | grep ',in use$' | cut -d, -f1)
expect in_use 3 '' cache clear pets
grep -qF "kept, in use: $used" out && [ -e "$used" ] || say "clear: $(cat out)"
expect all 0 '' cache clear --all
[ "$(column file)" = "$used" ] && [ "$(column state)" = 'in use' ] || say "clear --all: $(cache)"
kill -INT $sweep; wait $sweep
expect which 2 'which\? Name some' cache clear
expect unknown 2 "no cache 'cows'; archsweep cache lists them" cache clear cows
expect duration 2 "'30 moons' is no duration" cache clear --older '30 moons'
expect older 0 '' cache clear --older 30d
[ -e "$used" ] || say "--older took what was used a moment ago"
touch -d '31 days ago' "$used"
expect older 0 '' cache clear --older 30d --format csv
[ ! -e "$used" ] || say "--older left what is older"
expect named 0 '' cache --in whole clear many
grep -q "^removed 1 file, 1[0-9.]* MiB" out || say "clear many: $(cat out)"
expect again 0 'of 2 speed_keys' run --set learning_rate=0.04
[ "$(column state)" = idle ] || say "after all: $(cache)"
exit $failed
