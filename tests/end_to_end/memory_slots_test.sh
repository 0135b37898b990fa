#!/usr/bin/env bash
# Two slots and the machine's own memory: trials that fit run side by side, those of which two do not fit one after the
# other, and one that is too big for the machine runs alone all the same.
#   memory_slots_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
small_sweep
available=$(awk '/^MemAvailable:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)

# Pairs of trials that ran at the same time.
pairs() {
  "$archsweep" query "$1" "SELECT count(*) FROM attempts a JOIN attempts b ON a.trial < b.trial
    AND a.started_at < b.ended_at AND b.started_at < a.ended_at" --format csv | tail -n 1
}
# sweep NAME KEY=VALUE...: three trials of a moment, on two slots.
sweep() {
  local name=$1; shift
  "$archsweep" run sweep.yaml --db "$name.db" --set "output.folder=$name" --set scheduler.slots=2 --set training.seeds=3 \
    "${@/#/--set=}" > "$name.log" 2>&1 || { say "$name: exit $?"; cat "$name.log"; }
  [ "$("$archsweep" query "$name.db" 'SELECT count(*) FROM leaderboard' --format csv | tail -n 1)" = 3 ] || say "$name: not every trial finished"
}

sweep fits scheduler.trial_memory=100MB
[ "$(pairs fits.db)" -ge 1 ] || say "two that fit did not run at once"
! grep -q 'of memory' fits.log || say "fits: $(grep 'of memory' fits.log)"

sweep half "scheduler.trial_memory=$((available * 6 / 10))"
[ "$(pairs half.db)" = 0 ] || say "two that do not fit ran at once"
grep -q '^test_resnet takes .* of memory: it waits until trials that run have ended$' half.log || { say "half: does not tell why it waits"; cat half.log; }

sweep huge "scheduler.trial_memory=$((available * 3))"
[ "$(pairs huge.db)" = 0 ] || say "one that is too big had company"
grep -q '^test_resnet takes .* of memory, and cpu has .* for trials: it runs alone$' huge.log || { say "huge: does not tell"; cat huge.log; }

# A cgroup of its own, where one can be made: what it allows counts, and not what the machine has.
group=$(ls -d /sys/fs/cgroup/memory 2> /dev/null)/archsweep-test-$$
if mkdir "$group" 2> /dev/null && echo $((available / 4)) > "$group/memory.limit_in_bytes" 2> /dev/null; then
  (echo $BASHPID > "$group/cgroup.procs" && sweep group "scheduler.trial_memory=$((available * 2 / 10))"; exit $failed) || failed=1
  [ "$(pairs group.db)" = 0 ] || say "two that do not fit the cgroup ran at once"
  for _ in $(seq 100); do rmdir "$group" 2> /dev/null && break; sleep 0.1; done
fi
exit $failed
