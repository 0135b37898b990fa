#!/usr/bin/env bash
# A worker that is killed (SIGKILL) at random moments and started again ends with the same epochs
# and the same checkpoint, to the bit, as one left alone. A disk that fills costs no training.
# ARCHSWEEP_KILLS: how many kills (20).
#   resume_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/end_to_end/worker_lib.sh"
small_sweep
"$archsweep" run sweep.yaml > first.log 2>&1 || { cat first.log; exit 1; }

settings=(spec.training.epochs=40 spec.training.drop_rate=0.2 spec.training.drop_path_rate=0.1)
job whole.json "${settings[@]}" journal=whole.jsonl checkpoint=whole.ck
start=$(date +%s%N)
"$worker" < whole.json > /dev/null 2> err || { cat err; exit 1; }
took=$((($(date +%s%N) - start) / 1000000))  # milliseconds, to spread the kills over
[ "$(epochs whole.jsonl | wc -l)" = 40 ] || say "not 40 epochs: $(tail -n 1 whole.jsonl)"

job killed.json "${settings[@]}" journal=killed.jsonl checkpoint=killed.ck
whole=$(epochs whole.jsonl) kills=0 resumed=0 finished=0
check_killed() {
  [ "$(epochs killed.jsonl)" = "$whole" ] || say "after $kills kills the epochs differ"
  [ "$(tensors killed.ck)" = "$(tensors whole.ck)" ] || say "after $kills kills the checkpoint differs"
  finished=$((finished + 1))
  rm -f killed.ck
}
while [ $kills -lt "${ARCHSWEEP_KILLS:-20}" ]; do
  rm -f killed.jsonl
  "$worker" < killed.json > /dev/null 2> err & pid=$!
  sleep "$(python3 -c "import random; print(random.random() * $took / 1000)")"
  kill -KILL $pid 2> /dev/null
  wait $pid 2> /dev/null; code=$?
  ! grep -q 'anew' err || say "a kill spoilt the checkpoint: $(cat err)"
  grep -q 'going on after epoch' err && resumed=$((resumed + 1))
  case $code in
    137) kills=$((kills + 1)) ;;
    0) check_killed ;;  # it was quicker than the kill
    *) say "exit $code: $(head -c 500 err)"; break ;;
  esac
done
rm -f killed.jsonl
"$worker" < killed.json > /dev/null 2> err || say "after the kills: $(head -c 500 err)"
check_killed
[ -z "$(echo ./*.partial | grep -v '\*')" ] || say "left behind: $(echo ./*.partial)"
echo "$kills kills, $resumed starts from a checkpoint, $finished times to the end"

# A disk without room for the second checkpoint: the first stays, and the result is the same.
full_disk() {  # NAME CHECKPOINT SMALLER_DISK...: with no room for more once the command has run
  local name=$1 checkpoint=$2; shift 2
  job pause.json "${settings[@]}" journal=pause.jsonl "checkpoint=$checkpoint" until_epoch=20
  job rest.json "${settings[@]}" journal=rest.jsonl "checkpoint=$checkpoint"
  rm -f pause.jsonl rest.jsonl
  "$worker" < pause.json > /dev/null 2> err || say "$name: $(head -c 500 err)"
  local before; before=$(sha256sum < "$checkpoint")
  ("$@"; "$worker" < rest.json > /dev/null 2> err) || say "$name: a full disk ends the trial: $(head -c 500 err)"
  grep -q "$checkpoint: cannot write it: .*training goes on without a checkpoint of epoch 21" err || say "$name: says $(head -c 500 err)"
  [ "$(epochs rest.jsonl)" = "$whole" ] || say "$name: the epochs differ"
  [ "$(sha256sum < "$checkpoint")" = "$before" ] || say "$name: the old checkpoint is not what it was"
  [ "$(ls "$(dirname "$checkpoint")" | grep -c partial)" = 0 ] || say "$name: a half-written file stays"
}
mkdir limited
full_disk limit limited/c ulimit -f 1000
if small_disk disk 8m; then full_disk disk disk/c true; else echo "no mount here: a limit on file sizes only"; fi
exit $failed
