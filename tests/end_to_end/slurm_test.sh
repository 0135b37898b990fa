#!/usr/bin/env bash
# A sweep on a Slurm of its own (munged, slurmctld, slurmd on loopback): one task is cancelled and one requeued on its
# way, then the scheduler is killed and the same command continues. Every trial ends done, no finished epoch is lost, the
# requeued task goes on from its checkpoint, no trial is finished twice, nothing is left running.
#   slurm_test.sh ARCHSWEEP SOURCE_ROOT
for program in munged slurmctld slurmd sbatch; do
  PATH=$PATH:/usr/sbin command -v $program > /dev/null || { echo "skipped: no $program (apt-get install slurm-wlm munge)"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: starting slurmd takes root"; exit 77; }
[ -d /usr/share/datasets/fashion-mnist ] || { echo "skipped: no Fashion-MNIST (apt-get install dataset-fashion-mnist)"; exit 77; }
. "$(dirname "$0")/../cli/lib.sh"
PATH=$PATH:/usr/sbin

host=$(hostname -s) port=$((20000 + $$ % 20000 * 2))
chmod 755 "$work"; mkdir -m 700 munge; mkdir state spool
head -c 1024 /dev/urandom > munge/key; chmod 400 munge/key
cat > slurm.conf <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1
MpiDefault=none
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES DefMemPerNode=1000 MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
leave_slurm() {
  local pid
  scancel --quiet --user=root; scancel --quiet --signal=KILL --full --user=root
  for pid in ${scheduler:-} $(cat slurmd.pid slurmctld.pid munge/pid 2> /dev/null); do kill -KILL "$pid" 2> /dev/null; done
  leave
}
trap leave_slurm EXIT
munged --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed" --force 2> munge/said ||
  { cat munge/said; exit 1; }
slurmctld && slurmd || exit 1

# By this name its processes are found.
ln -s "${ARCHSWEEP_TRIAL:-$(dirname "$archsweep")/archsweep-trial}" worker
export ARCHSWEEP_TRIAL=$work/worker
command=("$archsweep" run "$root/configs/smoke.yaml" --slurm --set 'architectures=[test_resnet]' --set scheduler.threads=1 --set scheduler.preflight=always
  --set 'learning_rate=[0.001, 0.002, 0.003, 0.004]' --set training.epochs=10 --set dataset.train_samples=500 --set 'output.plots=[]')
ask() { sqlite3 -readonly smoke.db "$1" 2> /dev/null; }
# wait_for WHAT COMMAND...: until it prints something that is not 0.
wait_for() {
  local what=$1 said; shift
  for _ in $(seq 600); do
    said=$("$@" 2> /dev/null); [ -z "$said" ] || [ "$said" = 0 ] || return 0
    sleep 0.1
  done
  echo "never: $what"; cat first.log second.log 2> /dev/null; squeue --array --states=all; ask "SELECT * FROM attempts"; tail -n 20 slurmctld.log; exit 1
}
wait_for "an idle node" sinfo --noheader --states=idle

(exec "${command[@]}" > first.log 2>&1) &
scheduler=$!
task_of() { ask "SELECT slurm_task FROM attempts a WHERE slurm_task LIKE '%\_$1' ESCAPE '\\' AND (SELECT count(*) FROM epochs e WHERE (e.trial, e.attempt) = (a.trial, a.attempt)) >= $2"; }
wait_for "two epochs of the first task" task_of 0 2
requeued=$(task_of 0 2)
limits=$(squeue --noheader --jobs="$requeued" --Format='TimeLimit:|,MinMemory:|')
[ "$limits" = '16:00|3G|' ] || say "the plan's limits were: $limits"
scontrol requeue "$requeued" || say "cannot requeue $requeued"
before=$(ask "SELECT max(epoch) FROM epochs JOIN attempts USING (trial, attempt) WHERE slurm_task = '$requeued'")
wait_for "an epoch of the second task" task_of 1 1
cancelled=$(task_of 1 1)
scancel "$cancelled" || say "cannot cancel $cancelled"
wait_for "word of the cancelled task" ask "SELECT 1 FROM attempts WHERE slurm_task = '$cancelled' AND outcome = 'retried' AND cause = 'killed' AND message = 'Slurm: CANCELLED'"
log=smoke-files/trials/$(ask "SELECT substr(fingerprint, 1, 16) FROM trials JOIN attempts USING (trial) WHERE slurm_task = '$requeued'").log
wait_for "the requeued task in the queue" squeue --noheader --array --states=pending --jobs="$requeued"
scontrol update "JobId=$requeued" StartTime=now  # else it waits for two minutes
wait_for "the requeued task again" grep -c 'going on after epoch' "$log"
went_on=$(grep -m 1 -oP 'going on after epoch \K\d+' "$log")
[ "$went_on" -ge $((before - 1)) ] || say "$requeued was requeued after epoch $before, and went on after $went_on"
wait_for "a finished trial while another has an epoch to lose" ask "SELECT EXISTS (SELECT 1 FROM trials WHERE state = 'done') AND EXISTS (SELECT 1 FROM epochs JOIN trials t USING (trial) WHERE t.state = 'running' GROUP BY trial HAVING count(DISTINCT epoch) < 8)"

kill -KILL $scheduler; wait $scheduler 2> /dev/null
[ -n "$(squeue --noheader --states=running)" ] || say "no task outlived the scheduler, which was to be seen to"
kept=$(ask "SELECT trial, attempt, epoch, valid_loss FROM epochs ORDER BY 1, 2, 3")
finished=$(ask "SELECT trial, attempt FROM trials WHERE state = 'done'")
"${command[@]}" > second.log 2>&1 < /dev/null; code=$?
[ $code = 0 ] || { say "the second run: exit $code"; cat second.log; }
grep -qE '^[1-3] unfinished trials? of an earlier run' second.log || say "the second run began with: $(head -n 2 second.log)"

after=$(ask "SELECT trial, attempt, epoch, valid_loss FROM epochs ORDER BY 1, 2, 3")
while read -r row; do grep -qxF "$row" <<< "$after" || say "lost epoch row $row"; done <<< "$kept"
while IFS='|' read -r trial attempt; do
  [ "$(ask "SELECT count(*) FROM attempts WHERE trial = $trial")" = "$attempt" ] || say "trial $trial ran again"
done <<< "$finished"
[ "$(ask "SELECT count(*) FROM trials WHERE state = 'done'")" = 4 ] || say "not every trial is done: $(cat second.log)"
[ "$(ask "SELECT max(n) FROM (SELECT count(*) n FROM attempts WHERE outcome = 'done' GROUP BY trial)")" = 1 ] || say "a trial was finished twice"
[ "$(ask "SELECT count(*) FROM attempts WHERE outcome IS NULL OR slurm_task IS NULL")" = 0 ] || say "attempts: $(ask "SELECT * FROM attempts")"
[ "$(ask "SELECT group_concat(n) FROM (SELECT count(*) n FROM epochs JOIN trials USING (trial, attempt) GROUP BY trial)")" = 10,10,10,10 ] || say "epochs: $after"
# Of all that was trained anew, no more than the epoch that a task was in when it was ended.
trained=$(cat smoke-files/trials/*.log | grep -c 'going on after epoch')
[ "$trained" -ge 2 ] || say "of the tasks that were ended, $trained went on from a checkpoint"
for _ in $(seq 100); do [ -n "$(squeue --noheader)$(pgrep -f "^$work/worker")" ] || break; sleep 0.1; done
[ -z "$(squeue --noheader)$(pgrep -f "^$work/worker")" ] || say "left running: $(squeue; pgrep -af "^$work/worker")"
"${command[@]}" < /dev/null | grep -q 'everything is finished already' || say "a third run found something to do"

# Ctrl-C once: the tasks end, what they had is kept.
more=("${command[@]}" --set training.epochs=30)
(trap - INT; exec "${more[@]}" > third.log 2>&1) &
scheduler=$!
wait_for "an epoch of a longer sweep" ask "SELECT count(*) FROM epochs JOIN trials t USING (trial) WHERE t.epochs = 30"
kill -INT $scheduler; wait $scheduler; code=$?
[ $code = 130 ] || { say "Ctrl-C: exit $code"; cat third.log; }
[ "$(ask "SELECT count(*) FROM attempts WHERE outcome IS NULL")" = 0 ] || say "Ctrl-C left attempts open"
for _ in $(seq 100); do [ -n "$(squeue --noheader)" ] || break; sleep 0.1; done
[ -z "$(squeue --noheader)" ] || say "Ctrl-C left running: $(squeue)"

expect "no Slurm" 3 '^--slurm: sbatch is not here: install' env PATH="$work" "${more[@]}"
echo "kept $(wc -l <<< "$kept") epoch rows; requeued after epoch $before, went on after $went_on"
exit $failed
