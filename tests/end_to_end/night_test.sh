#!/usr/bin/env bash
# A night in small, with real processes: a dry run that tries the candidates, a run whose time is
# up, one that is killed (SIGKILL) between rungs, and one that ends. No epoch is trained twice but
# the one that was cut off, and no trial is lost.
#   night_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
small_sweep
ask() { sqlite3 -readonly sweep.db "$1"; }
command=("$archsweep" run sweep.yaml --set 'architectures=[test_resnet, test_vit]' --set 'learning_rate=[0.001, 0.004]')
long=(--set training.epochs=100000) rungs=(--set training.epochs=9 --set scheduler.early_stopping=frontier)

expect dry_run 0 '' "${command[@]}" "${long[@]}" --dry-run
grep -q '^trying 2 candidates' out || say "the dry run tried: $(cat out)"
grep -qE '^4 trials, [0-9].* on 1 slot, done at .*; checkpoints up to [0-9.]+ [KM]iB' out || say "the plan is: $(tail -2 out)"
[ "$(ask "SELECT count(*) FROM trials")" = 0 ] || say "the dry run recorded trials"
expect again 0 '' "${command[@]}" "${long[@]}" --dry-run
! grep -q '^trying' out || say "the second dry run tried candidates again"

expect budget 0 '' "${command[@]}" "${long[@]}" --budget 8s
grep -q '^the time is up: 0 trials finished, 4 wait' out || say "after the budget: $(tail -3 out)"
[ "$(ask "SELECT outcome FROM sweeps")" = "out of time" ] || say "the sweep is $(ask "SELECT outcome FROM sweeps")"
begun=$(ask "SELECT count(*) FROM trials WHERE state = 'paused'")
[ "$begun" -ge 1 ] || say "no trial is paused"
[ "$(ls sweep-files/checkpoints/*.safetensors | wc -l)" -ge "$begun" ] || say "a paused trial has no checkpoint"
expect until 2 "scheduler.until: expected none, or a time of day" "${command[@]}" --until 25:00

rm -rf sweep.db* sweep-files/checkpoints
(exec "${command[@]}" "${rungs[@]}" > killed.log 2>&1) & scheduler=$!
for _ in $(seq 600); do grep -q '^pause' killed.log && break; sleep 0.1; done
kill -KILL $scheduler; wait $scheduler 2> /dev/null
expect after 0 '' "${command[@]}" "${rungs[@]}"
[ "$(ask "SELECT count(*) FROM trials WHERE state = 'done' OR (state = 'paused' AND (SELECT message FROM attempts a
  WHERE a.trial = trials.trial ORDER BY attempt DESC LIMIT 1) LIKE 'epoch % at best %')")" = 4 ] ||
  say "trials ended as: $(ask "SELECT architecture, state FROM trials")"
# An epoch that is told again from a checkpoint took as long as before, to the bit.
twice=$(ask "SELECT count(*) FROM (SELECT 1 FROM epochs GROUP BY trial, epoch HAVING count(DISTINCT seconds) > 1)")
[ "$twice" -le 1 ] || say "$twice epochs were trained twice"
[ "$(ask "SELECT count(*) FROM trials WHERE state = 'paused'")" = "$(ls sweep-files/checkpoints | wc -l)" ] ||
  say "checkpoints left: $(ls sweep-files/checkpoints)"
expect nothing 0 '' "${command[@]}" "${rungs[@]}"
! grep -q '^start' out || say "the last run started something"

# A learning rate that is too high is the end of its trial only, and is not tried again.
expect diverged 1 '' "$archsweep" run sweep.yaml --db diverged.db --set 'learning_rate=[1000, 0.001]' --set training.optimizer=sgd \
  --set training.schedule=constant --set training.warmup=0 --set training.epochs=9
[ "$(sqlite3 diverged.db "SELECT learning_rate, state, cause, message LIKE 'loss % at step % of epoch %', count(*) FROM trials JOIN attempts USING (trial) GROUP BY 1")" = \
  $'0.001|done|||1\n1000.0|failed|diverged|1|1' ] || say "a learning rate of 1000: $(cat out)"
exit $failed
