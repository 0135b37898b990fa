#!/usr/bin/env bash
# Training in too little memory (RLIMIT_AS): the batch is split until it fits, and the experiment
# stays the same; a micro-batch that the user fixed stays as it is, and the trial fails by its name.
#   out_of_memory_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/end_to_end/worker_lib.sh"
small_sweep
for kind in cats dogs; do for i in $(seq 6 40); do cp pets/$kind/1.png pets/$kind/$i.png; done; done
sed -i 's/test_resnet/test_vit/; s/image_size: 32/image_size: 320/; s/batch_size: 4/batch_size: 64/' sweep.yaml
"$archsweep" run sweep.yaml --set training.micro_batch=1 > first.log 2>&1 || { cat first.log; exit 1; }
[ "$("$archsweep" query sweep.db 'SELECT micro_batch FROM leaderboard' --format csv | tail -n 1)" = 1 ] || say "the leaderboard does not tell the micro-batch"

# limited KIB JOURNAL KEY=VALUE...
limited() {
  local kib=$1 journal=$2; shift 2
  rm -f "$journal"
  job job.json "journal=$journal" spec.training.epochs=2 "$@"
  (ulimit -v "$kib"; exec "$worker" < job.json > /dev/null 2> err) 2> /dev/null
}
# The least limit that the worker itself and one image at a time can do with.
for ((limit = 500000; limit < 8000000; limit += 50000)); do limited $limit one.jsonl spec.training.micro_batch=1 && break; done
[ $limit -lt 8000000 ] || { echo "skipped: the worker does not run under a limit (sanitizers)"; exit 77; }
limit=$((limit + 50000))

limited $limit auto.jsonl spec.training.micro_batch=0 || say "memory for one image is not enough for 64 one by one: $(head -c 500 err)"
grep -q 'out of memory: batches of 64 in parts of' err || say "says $(head -c 500 err)"
micro=$(last auto.jsonl micro_batch)
[ "$micro" -ge 1 ] && [ "$micro" -lt 64 ] || say "a micro-batch of $micro"
limited unlimited whole.jsonl spec.training.micro_batch=64 || say "without a limit: $(head -c 500 err)"
python3 - <(epochs auto.jsonl) <(epochs whole.jsonl) <<'PY' || say "the split changes the experiment: $(epochs auto.jsonl) against $(epochs whole.jsonl)"
import sys
a, b = ([list(map(float, line.split())) for line in open(name)] for name in sys.argv[1:])
near = lambda x, y: abs(x - y) <= 1e-3 * max(1, abs(y))
sys.exit(not (len(a) == len(b) == 2 and all(near(x, y) for r, s in zip(a, b) for x, y in zip(r, s))))
PY

! limited $limit fixed.jsonl spec.training.micro_batch=64 || say "64 images fit after all"
[ "$(last fixed.jsonl event) $(last fixed.jsonl cause)" = "failed out_of_memory" ] || say "ends with $(tail -n 1 fixed.jsonl)"

# A preflight finds the same before the night.
limited $limit preflight.jsonl kind=preflight spec.training.micro_batch=0 || say "preflight: $(head -c 500 err)"
grep -q 'out of memory: batches of 64 in parts of' err || say "the preflight says $(head -c 500 err)"
[ "$(last preflight.jsonl event)" = preflight ] || say "the preflight ends with $(tail -n 1 preflight.jsonl)"
echo "64 images at 320 pixels in $limit KiB: $micro at a time"
exit $failed
