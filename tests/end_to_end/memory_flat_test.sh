#!/usr/bin/env bash
# The memory of a trial does not grow with its epochs: the peak after 20 is that after 2.
#   memory_flat_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/end_to_end/worker_lib.sh"
small_sweep
for kind in cats dogs; do for i in $(seq 6 60); do ln pets/$kind/1.png pets/$kind/$i.png; done; done
"$archsweep" run sweep.yaml > first.log 2>&1 || { cat first.log; exit 1; }

# peak EPOCHS: MiB of a worker at most. 24 steps an epoch of batches of 0.2 MB.
peak() {
  job job.json "spec.training.epochs=$1" spec.dataset.image_size=64 spec.dataset.stored_size=64 journal="$1.jsonl" checkpoint="$1.ck"
  python3 - "$worker" <<'PY'
import resource, subprocess, sys
subprocess.run(sys.argv[1], stdin=open("job.json"), stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PY
}
few=$(peak 2) many=$(peak 20)
echo "peak memory: $few MiB after 2 epochs, $many MiB after 20"
[ "$(epochs 20.jsonl | wc -l)" = 20 ] || say "not 20 epochs: $(tail -n 1 20.jsonl)"
# A kept batch a step would be 85 MiB more, a kept picture of all images 30.
[ $((many - few)) -lt 10 ] || say "it grows by $((many - few)) MiB"
exit $failed
