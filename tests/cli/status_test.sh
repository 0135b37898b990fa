#!/usr/bin/env bash
# `status` beside a sweep: while it runs, after its scheduler was killed (SIGKILL), when it was run again.
#   status_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
command=("$archsweep" run sweep.yaml --set training.epochs=100000 --set 'learning_rate=[0.001, 1000]' --set 'architectures=[test_resnet, test_vit]'
  --set scheduler.retry_crashed=0)

# wait_for WHAT COMMAND...: until the command says yes.
wait_for() {
  local what=$1 i; shift
  for i in $(seq 600); do "$@" > /dev/null 2>&1 && return; sleep 0.1; done
  say "waited in vain: $what"; "$archsweep" status sweep.db; tail -n 20 run.log
}
has() { "$archsweep" status sweep.db | grep -qE -- "$1"; }
asks() { "$archsweep" status sweep.db --format json | python3 -c "import json, sys; s = json.load(sys.stdin); assert $1, s"; }
check() { asks "$1" 2> err || say "not so: $1: $(tail -n 1 err)"; }

(exec "${command[@]}" > run.log 2>&1) & scheduler=$!
wait_for "an epoch" asks "s['running'] and (s['running'][0]['epoch'] or 0) > 2 and s['seconds_left'] and s['seconds_left'] > 0"
worker=$("$archsweep" query sweep.db 'SELECT max(pid) FROM attempts WHERE outcome IS NULL' --format csv | tail -n 1)
check "s['state'] == 'running' and s['process'] == $scheduler and s['running'][0]['pid'] == $worker"
check "s['running'][0]['device'] == 'cpu' and s['running'][0]['epochs'] == 100000 and s['running'][0]['top1'] is not None"
check "s['counts']['running'] == 1 and sum(s['counts'].values()) == 4"
has "^sweep runs since .*, process $scheduler$" && has '^ends about [^ ].*, in [0-9]' || say "status of a running sweep: $("$archsweep" status sweep.db)"
has "^ +[0-9]+  test_(resnet|vit) .* cpu +$worker  [0-9]+/100000 " || say "what runs: $("$archsweep" status sweep.db)"
csv=$("$archsweep" status sweep.db --format csv)
[ "$(grep -cE '^[0-9]+,test_' <<< "$csv")" = 4 ] && [ "$(grep -c ",running,1,$(hostname),cpu,$worker," <<< "$csv")" = 1 ] || say "a row a trial: $csv"
"$archsweep" status sweep.db --watch 0.2 > watch.log 2>&1 & watch=$!
wait_for "two looks" eval '[ $(grep -c "runs since" watch.log) -ge 2 ]'

# A trial that fails is told with its cause and what it said.
kill -SEGV "$worker"
wait_for "a failure" asks "s['counts'].get('failed', 0) == 1 and s['counts'].get('running') == 1"
check "s['failed'][0]['cause'] == 'crashed' and s['failed'][0]['trials'] == 1 and 'signal 11' in s['failed'][0]['message']"
has '^crashed +1 +[0-9]+ .*signal 11' || say "what failed: $("$archsweep" status sweep.db)"

kill -KILL $scheduler; wait $scheduler 2> /dev/null
check "s['state'] == 'gone' and s['process'] is None and s['seconds_left'] is None"
has '^sweep was cut off: its scheduler is gone, last seen at ' && has '^cut off:' || say "a killed scheduler: $("$archsweep" status sweep.db)"
wait $watch || say "--watch: exit $?"
grep -q 'was cut off' watch.log || say "--watch missed the end: $(tail watch.log)"
[ "$("$archsweep" status --watch sweep.db | grep -c 'was cut off')" = 1 ] || say "--watch of a sweep that is gone"

# The command that it tells is what started it: all its trials are known to it.
continue=$("$archsweep" status sweep.db | sed -n 's/^the same command continues: archsweep //p')
[ -n "$continue" ] || say "no command: $("$archsweep" status sweep.db)"
(eval "exec \"\$archsweep\" $continue" >> run.log 2>&1) & scheduler=$!
wait_for "the second run" asks "s['state'] == 'running' and s['counts'].get('running') == 1 and sum(s['counts'].values()) == 4"
[ "$("$archsweep" query sweep.db 'SELECT count(*) FROM trials' --format csv | tail -n 1)" = 4 ] || say "the command makes other trials: $continue"
kill -INT $scheduler; wait $scheduler 2> /dev/null
check "s['state'] == 'ended' and s['sweep']['outcome'] == 'interrupted'"
has '^sweep: interrupted at ' && has '^the same command continues: ' || say "after Ctrl-C: $("$archsweep" status sweep.db)"
# An earlier sweep, by its number; what was tried again.
"$archsweep" status sweep.db --sweep 1 | grep -q '^sweep was cut off' || say "the first sweep: $("$archsweep" status sweep.db --sweep 1)"
expect no_sweep 2 'has no sweep 9' "$archsweep" status sweep.db --sweep 9
expect bad_interval 2 '^--watch never: expected seconds' "$archsweep" status sweep.db --watch never
exit $failed
