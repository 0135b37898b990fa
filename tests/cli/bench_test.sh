#!/usr/bin/env bash
# archsweep bench: what is refused before anything starts, timm's columns, a candidate that fails, Ctrl-C, and
# two processes that want the same device.
#   bench_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
export ARCHSWEEP_LOCKS=$work/locks; mkdir locks
quick="--seconds 0.02 --threads 1 --device cpu"
ask() { sqlite3 -readonly "$@"; }

expect name 2 "'resnet19' matches no architecture; did you mean 'resnet18'" "$archsweep" bench resnet19
expect glob 2 "'zzz\\*' matches no architecture" "$archsweep" bench 'zzz*'
expect not_there 2 "'resnet19' matches no architecture; did you mean" "$archsweep" bench 'test_*' '!resnet19'
expect none_left 2 'no architecture is left' "$archsweep" bench test_vit '!test_*'
expect nothing 2 'glob is required' "$archsweep" bench
for sizes in 0 1,x 1,,2 1.5 65537 -1 99999999999999999999; do
  expect "batch '$sizes'" 2 "--batch-size $sizes: '[^']*' is not a whole number from 1 to 65536" "$archsweep" bench test_vit --batch-size="$sizes"
done
expect device 2 "--device tpu: expected auto, cpu or cuda:N" "$archsweep" bench test_vit --device tpu
[ -e /dev/nvidia0 ] || expect gpu 3 'shows no GPU' "$archsweep" bench test_vit --device cuda:0
expect train_one 2 '^--train: .*larger --batch-size' "$archsweep" bench test_vit --train --batch-size 1
expect folder 2 '^-o gone/x.csv: there is no folder' "$archsweep" bench test_vit -o gone/x.csv
expect seconds 2 'not in range' "$archsweep" bench test_vit --seconds 0
[ -e bench.db ] && say "a bad command line made a database"

# Two tiny networks, timm's columns.
"$archsweep" bench 'test_vit' test_resnet $quick --image-size 32 --rounds 2 --batch-size 4,1 --train --format csv -o both.csv 2> log \
  || say "bench fails: $(cat log)"
[ "$(head -1 both.csv)" = model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,infer_gmacs,infer_macts,train_samples_per_sec,train_step_time,train_batch_size,train_img_size,param_count ] \
  || say "columns: $(head -1 both.csv)"
[ "$(cut -d, -f1,4,5,10,11,12 both.csv | tail -n +2)" = "test_resnet,1,32,,,0.47
test_resnet,4,32,4,32,0.47
test_vit,1,32,,,0.37
test_vit,4,32,4,32,0.37" ] || say "rows: $(cat both.csv)"
awk -F, 'NR > 1 { off = $2 * $3 / 1000 / $4; if (off < 0.98 || off > 1.02) exit 1 }' both.csv || say "step time and speed disagree: $(cat both.csv)"
[ "$(ask bench.db "SELECT count(*) FROM results WHERE source = 'bench' AND latency BETWEEN latency_low AND latency_high
  AND throughput > 0 AND train_throughput > 0 AND activations > 0 AND macs > 0 AND train_memory_bytes > inference_memory_bytes / 2")" = 2 ] \
  || say "results: $(ask bench.db 'SELECT * FROM results')"
[ "$(ask bench.db "SELECT group_concat(DISTINCT kind) FROM (SELECT kind FROM measurements ORDER BY kind)")" \
  = latency,throughput,train_backward,train_forward,train_optimizer,train_step ] || say "kinds of measurements"
[ "$(ask bench.db "SELECT count(*) FROM measurements WHERE json_array_length(seconds) < 5 OR json_extract(conditions, '\$.warmup.runs') < 2
  OR json_extract(conditions, '\$.before.load1') IS NULL")" = 0 ] || say "measurements without samples or conditions"
[ -d bench-files ] && say "files are left: $(ls bench-files)"

# Too large for the memory there is: a fault, the row before stays, the file reads on.
(ulimit -v 3000000; "$archsweep" bench test_vit test_resnet $quick --image-size 64 --rounds 1 --batch-size 1,32768 --format csv > some.csv 2> log); code=$?
[ $code -eq 1 ] || say "out of memory ends with exit $code: $(tail -5 log)"
[ "$(grep -c '^FAILED .*batch 32768  out_of_memory' log)" = 2 ] || say "out of memory is not told: $(cat log)"
[ "$(cut -d, -f1,4 some.csv | tail -n +2 | tr '\n' ' ')" = "test_resnet,1 test_vit,1 " ] || say "rows of failed candidates: $(cat some.csv)"
# A size that a network cannot have.
"$archsweep" bench test_vit levit_128s $quick --image-size 8 --rounds 1 --batch-size 2 > table 2> log; code=$?
[ $code -eq 1 ] || say "a bad image size ends with exit $code: $(cat log table)"
grep -q '^FAILED  *levit_128s  bad_config' log || say "a bad image size is not told: $(cat log)"
grep -q '^test_vit  *8  *2 .*[0-9]' table || say "the other candidate has no row: $(cat table)"

# Ctrl-C keeps the rows, and the next benchmark stands beside it.
(exec "$archsweep" bench test_vit $quick --image-size 32 --rounds 90 --batch-size 1 --db stop.db > table 2> log) &
bench=$!
for _ in $(seq 2000); do grep -q '^round 2' log && break; sleep 0.05; done
kill -INT $bench; wait $bench; code=$?
[ $code -eq 130 ] || say "Ctrl-C ends with exit $code: $(cat log)"
grep -q '^test_vit  *32  *1 .*[0-9]' table || say "Ctrl-C loses the rows: $(cat table log)"
[ "$(ask stop.db 'SELECT count(*) FROM results')" = 1 ] || say "Ctrl-C loses the result"
[ "$(ask stop.db "SELECT count(*) FROM attempts WHERE outcome IS NULL")" = 0 ] || say "Ctrl-C leaves attempts open"
"$archsweep" bench test_vit $quick --image-size 32 --rounds 1 --batch-size 1 --db stop.db > table 2> log || say "after Ctrl-C: $(cat log)"
[ "$(ask stop.db 'SELECT count(*) FROM results')" = 2 ] || say "repeated benchmarks do not stand side by side"

# Who finds the device taken waits, and says so.
exec 9< locks/archsweep-cpu.gate; flock 9
"$archsweep" bench test_vit $quick --image-size 32 --rounds 1 --batch-size 1 --db wait.db > table 2> log 9<&- &
bench=$!
for _ in $(seq 2000); do grep -q '^wait' log && break; sleep 0.05; done
grep -q '^wait .*another archsweep process uses cpu' log || say "waiting is not told: $(cat log)"
kill -0 $bench || say "it does not wait"
exec 9<&-
wait $bench || say "it does not go on: $(cat log)"

# A sweep that trains lets a benchmark in between two steps.
small_sweep
(exec "$archsweep" run sweep.yaml --set training.epochs=100000 > sweep.log 2>&1) &
sweep=$!
for _ in $(seq 2000); do grep -q '^epoch' sweep.log && break; sleep 0.05; done
timeout 120 "$archsweep" bench test_vit $quick --image-size 32 --rounds 1 --batch-size 1 --db aside.db > table 2> log || say "a sweep keeps a benchmark out: $(cat log)"
kill -0 $sweep || say "the sweep has ended: $(cat sweep.log)"
kill -INT $sweep; wait $sweep
exit $failed
