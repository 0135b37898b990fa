# What the tests of a worker by hand share: sourced after cli/lib.sh, with $archsweep.
worker=$(dirname "$archsweep")/archsweep-trial

# job FILE KEY=VALUE...: the job that a sweep gave its worker, with other values, in FILE.
job() {
  python3 - "$@" > "$1" <<'PY'
import glob, json, sys
job = json.load(open(next(n for n in glob.glob("sweep-files/trials/*.json") if "prepare" not in n)))
for word in sys.argv[2:]:
    path, value = word.split("=", 1)
    *parents, key = path.split(".")
    at = job
    for parent in parents:
        at = at[parent]
    at[key] = type(at[key])(value) if key in at else int(value)
print(json.dumps(job))
PY
}

# epochs JOURNAL: its epochs without what the clock says.
epochs() {
  python3 - "$1" <<'PY'
import json, sys
keys = ["number", "train_loss", "train_top1", "valid_loss", "valid_top1", "valid_top5", "learning_rate"]
for event in map(json.loads, open(sys.argv[1])):
    if event["event"] == "epoch":
        print(*(event[k] for k in keys))
PY
}

# last JOURNAL KEY: of its last event.
last() { tail -n 1 "$1" | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())[sys.argv[1]])' "$2"; }

# The bytes of a checkpoint's tensors; its header has times in it.
tensors() { tail -c +$((9 + $(od -An -t u8 -N 8 "$1"))) "$1" | sha256sum; }
