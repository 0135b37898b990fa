#!/usr/bin/env bash
# Kills the scheduler (SIGKILL) in the middle of a sweep: the second run must keep every finished
# epoch row, run no finished trial again, leave no worker behind and end well.
#   kill_test.sh ARCHSWEEP SOURCE_ROOT
set -euo pipefail
archsweep=$1 root=$2
[ -d /usr/share/datasets/fashion-mnist ] || { echo "skipped: no Fashion-MNIST (apt-get install dataset-fashion-mnist)"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"

command=("$archsweep" run "$root/configs/smoke.yaml" --set 'architectures=[test_resnet]'
  --set 'learning_rate=[0.001, 0.002, 0.003]' --set training.epochs=3 --set dataset.train_samples=2000 --set scheduler.threads=1 --set 'output.plots=[]')
run() { "${command[@]}"; }
ask() { sqlite3 -readonly smoke.db "$1"; }

(exec "${command[@]}" > first.log 2>&1) &  # exec: the process to kill is archsweep, not a shell
scheduler=$!
# Until one trial is done and the next has an epoch to lose.
for _ in $(seq 3000); do
  [ -e smoke.db ] && [ "$(ask "SELECT count(*) FROM epochs" 2> /dev/null || echo 0)" -ge 4 ] && break
  sleep 0.05
done
kill -KILL $scheduler
wait $scheduler 2> /dev/null || true
before=$(ask "SELECT trial, attempt, epoch, valid_loss FROM epochs ORDER BY 1, 2, 3")
finished=$(ask "SELECT trial, attempt FROM trials WHERE state = 'done' ORDER BY 1")
[ -n "$finished" ] || { echo "no trial was finished before the kill"; cat first.log; exit 1; }
orphans() { pgrep -af "^$(dirname "$archsweep")/archsweep-trial"; }  # workers, and what forks them
for _ in $(seq 600); do orphans > /dev/null || break; sleep 0.05; done
! orphans || { echo "they outlive their scheduler"; exit 1; }

run > second.log 2>&1 || { cat second.log; exit 1; }
after=$(ask "SELECT trial, attempt, epoch, valid_loss FROM epochs ORDER BY 1, 2, 3")
while read -r row; do grep -qxF "$row" <<< "$after" || { echo "lost epoch row $row"; exit 1; }; done <<< "$before"
while IFS='|' read -r trial attempt; do
  [ "$(ask "SELECT count(*) FROM attempts WHERE trial = $trial")" = "$attempt" ] || { echo "trial $trial ran again"; exit 1; }
done <<< "$finished"
[ "$(ask "SELECT count(*) FROM leaderboard")" = 3 ] || { echo "not every trial finished"; cat second.log; exit 1; }
run | grep -q "everything is finished already" || { echo "a third run found something to do"; exit 1; }
echo "kept $(wc -l <<< "$before") epoch rows and $(wc -l <<< "$finished") finished trials"
