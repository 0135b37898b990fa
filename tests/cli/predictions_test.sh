#!/usr/bin/env bash
# What trials said of the validation images, afterwards: confusion, top-losses, compare, ensemble and
# calibration against the same numbers worked out here from the file, and against what training told.
#   predictions_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
ask() { sqlite3 -readonly sweep.db "$1"; }

# Noisy photos of three colours; some to validate are of another colour than their folder says.
python3 - <<'PY'
import os, random, struct
random.seed(1)
kinds = ["red deer", "green frog", "blue whale"]
for part, count in ("train", 16), ("valid", 8):
    for k, name in enumerate(kinds):
        os.makedirs(f"photos/{part}/{name}")
        for i in range(count):
            rgb = [120, 120, 120]
            rgb[(k + (part == "valid" and i % 4 == 0)) % 3] += random.randrange(20, 90)
            rows = b""
            for y in range(33):
                rows += b"".join(struct.pack("BBB", *(random.randrange(max(0, v - 80), min(255, v + 80)) for v in rgb[::-1])) for x in range(40))
            head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 54, 40, 40, 33, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
            open(f"photos/{part}/{name}/{i}.bmp", "wb").write(head + rows)
PY
cat > sweep.yaml <<'YAML'
dataset: {kind: image_folder, root: photos, image_size: 32}
architectures: [test_resnet, test_vit]
learning_rate: 2e-3
training: {epochs: 3, batch_size: 12}
measurement: {enabled: false}
scheduler: {device: cpu, threads: 1}
YAML
"$archsweep" run sweep.yaml > log 2>&1 || { cat log; exit 1; }
[ "$(ls sweep-files/logits/*.safetensors | wc -l)" = 2 ] || say "kept are: $(ls sweep-files/logits)"
ask "SELECT t.trial, substr(t.fingerprint, 1, 16), top1, top5, f.valid_loss FROM trials t JOIN finished f USING (trial)" > trials

for trial in 1 2; do
  expect "confusion $trial" 0 '' "$archsweep" confusion sweep.db $trial --format csv; mv out confusion$trial.csv
  expect "pairs $trial" 0 '' "$archsweep" confusion sweep.db $trial --pairs --format json; mv out pairs$trial.json
  expect "calibration $trial" 0 '' "$archsweep" calibration sweep.db $trial --format json; mv out calibration$trial.json
  expect "bins $trial" 0 '' "$archsweep" calibration sweep.db $trial --bins --format json; mv out bins$trial.json
  expect "losses $trial" 0 '' "$archsweep" top-losses sweep.db $trial --count 24 --format json; mv out losses$trial.json
done
expect compare 0 '' "$archsweep" compare sweep.db 1 2 --format json; mv out compare.json
expect ensemble 0 '' "$archsweep" ensemble sweep.db 1 2 --greedy --format json; mv out ensemble.json
python3 - <<'PY' || say "the numbers: see above"
import csv, json, math, struct
names = ["blue whale", "green frog", "red deer"]
load = lambda name: json.load(open(name))
close = lambda a, b, within=1e-5: abs(a - b) < within
kept, predictions, measured = {}, {}, {}
for line in open("trials"):
    trial, fingerprint, *numbers = line.strip().split("|")
    trial, measured[int(trial)] = int(trial), [float(x) for x in numbers]
    data = open(f"sweep-files/logits/{fingerprint}.safetensors", "rb").read()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    def values(name, code):
        begin, stop = header[name]["data_offsets"]
        return [v for v, in struct.iter_unpack("<" + code, data[end + begin:end + stop])]
    assert header["logits"]["dtype"] == "F16" and header["logits"]["shape"] == [24, 3], header
    assert json.loads(header["__metadata__"]["archsweep_logits"])["class_names"] == names, header
    z = values("logits", "e")
    rows = [[math.exp(v) for v in z[i:i + 3]] for i in range(0, 72, 3)]
    kept[trial] = [[e / sum(row) for e in row] for row in rows], values("labels", "i")
def score(p, labels):
    return (sum(row.index(max(row)) == l for row, l in zip(p, labels)) / len(labels),
            sum(-math.log(row[l]) for row, l in zip(p, labels)) / len(labels))
for trial, (p, labels) in kept.items():
    top1, loss = score(p, labels)
    told = measured[trial]
    assert close(top1, told[0]) and told[1] == 1 and close(loss, told[2], 2e-3), (trial, top1, loss, told)
    counts = [[sum(l == a and row.index(max(row)) == b for row, l in zip(p, labels)) for b in range(3)] for a in range(3)]
    table = list(csv.reader(open(f"confusion{trial}.csv")))
    assert table == [["actual \\ predicted"] + names] + [[n] + [str(c) for c in row] for n, row in zip(names, counts)], table
    pairs = load(f"pairs{trial}.json")
    assert sum(q["images"] for q in pairs) == round(24 * (1 - top1)) > 0 and pairs == sorted(pairs, key=lambda q: -q["images"]), pairs
    for q in pairs:
        images = counts[names.index(q["actual"])][names.index(q["predicted"])]
        assert q["images"] == images and close(q["percent"], 100 * images / 8), q
    c, = load(f"calibration{trial}.json")
    brier = sum((v - (k == l)) ** 2 for row, l in zip(p, labels) for k, v in enumerate(row)) / 24
    assert close(c["top1_percent"], 100 * top1) and close(c["loss"], loss) and close(c["brier"], brier), (c, brier)
    bins = load(f"bins{trial}.json")
    assert sum(b["images"] for b in bins) == 24, bins
    assert close(c["ece"], sum(abs(b["accuracy"] - b["confidence"]) * b["images"] for b in bins) / 24), (c, bins)
    assert c["loss_scaled"] <= loss + 1e-6 and 0.01 <= c["temperature"] <= 100, c
    losses = load(f"losses{trial}.json")
    mine = sorted((-math.log(row[l]) for row, l in zip(p, labels)), reverse=True)
    assert len(losses) == 24 and all(close(a["loss"], b) for a, b in zip(losses, mine)), losses
    for row in losses:
        assert row["file"].startswith(f"valid/{row['actual']}/"), row
        assert close(row["loss"], -math.log(row["actual_probability"])) and row["probability"] >= row["actual_probability"], row
right = {t: [row.index(max(row)) == l for row, l in zip(*kept[t])] for t in kept}
a = sum(x and not y for x, y in zip(right[1], right[2]))
b = sum(y and not x for x, y in zip(right[1], right[2]))
c, = load("compare.json")
exact = min(1, 2 * sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b))
assert (c["only_first"], c["only_second"], c["images"]) == (a, b, 24) and close(c["p"], exact), (c, a, b, exact)
assert close(c["difference"], 100 * (a - b) / 24) and c["low"] < c["difference"] < c["high"] and c["p_corrected"] is None, c
rows = load("ensemble.json")
mean = [[(x + y) / 2 for x, y in zip(r, s)] for r, s in zip(kept[1][0], kept[2][0])]
for row, (p, labels) in zip(rows, [kept[1], kept[2], (mean, kept[1][1])]):
    top1, loss = score(p, labels)
    assert close(row["top1_percent"], 100 * top1) and close(row["loss"], loss) and row["top5_percent"] == 100, row
assert [r["trials"] for r in rows[:3]] == ["1", "2", "1 2"], rows
PY

# For people.
expect sentence 0 '' "$archsweep" compare sweep.db 1 1
grep -q '^Of 24 validation images trial 1 (test_[a-z]*) gets .* a difference of 0.00 points' out || say "it says: $(cat out)"
grep -q 'chance alone may explain it .*p = 1)' out || say "it says: $(cat out)"

# Pictures.
"$archsweep" top-losses sweep.db 1 --count 5 -o grid.svg > out 2> err || say "top-losses: $(cat err)"
[ "$(grep -c 'base64,' grid.svg)" = 5 ] || say "not five pictures"
worst=$(python3 -c 'import json; print(json.load(open("losses1.json"))[0]["file"])')
grep -qF "$worst</title>" grid.svg || say "the worst image is not in the picture"
"$archsweep" confusion sweep.db 1 -o matrix.svg > out 2> err && [ "$(grep -c '>red deer</text>' matrix.svg)" = 2 ] || say "confusion: $(cat err)"
"$archsweep" calibration sweep.db 1 -o reliability.svg > out 2> err && grep -q '>accuracy</text>' reliability.svg || say "calibration: $(cat err)"

# What cannot be answered.
file=$(ls "$PWD"/sweep-files/logits/"$(ask "SELECT substr(fingerprint, 1, 16) FROM trials WHERE trial = 2")".safetensors)
for command in confusion calibration top-losses; do
  expect "$command: no trial" 2 '^sweep.db: no trial 9; `archsweep leaderboard sweep.db`' "$archsweep" $command sweep.db 9
done
expect one 2 'trials' "$archsweep" compare sweep.db 1
expect picture 2 '^a.jpg: the name must end in' "$archsweep" confusion sweep.db 1 -o a.jpg
"$archsweep" run sweep.yaml --set dataset.valid_samples=12 --set output.keep_logits=true > log 2>&1 || { cat log; exit 1; }
expect "other images" 2 'sweep.db: trial 1 \(test_[a-z]+\) and trial 3 \(test_[a-z]+\) were validated with different images' "$archsweep" compare sweep.db 1 3
expect "other images" 2 'different images' "$archsweep" ensemble sweep.db 1 2 4
"$archsweep" run sweep.yaml --set training.epochs=1 --set output.keep_logits=false > log 2>&1 || { cat log; exit 1; }
expect "not kept" 2 'trial 5 \(test_[a-z]+\): what it said of the validation images is not in .*/sweep-files/logits: .*output.keep_logits' "$archsweep" confusion sweep.db 5
expect budget 2 '1:|logits_gib' "$archsweep" check sweep.yaml --set output.logits_gib=-1
mv sweep-files moved
expect moved 2 '--files names the folder' "$archsweep" confusion sweep.db 1
expect files 0 '' "$archsweep" confusion sweep.db 1 --files moved --format csv
cmp -s out confusion1.csv || say "from the moved folder it is another"
mv moved sweep-files
cp "$file" whole; head -c 300 whole > "$file"
expect damaged 2 "^$file: " "$archsweep" compare sweep.db 1 2
cp "$(ls sweep-files/logits/"$(ask "SELECT substr(fingerprint, 1, 16) FROM trials WHERE trial = 3")".safetensors)" "$file"
expect exchanged 2 'is of another data set or split than the trial' "$archsweep" calibration sweep.db 2
cp whole "$file"
cp photos/train/"red deer"/1.bmp photos/train/"red deer"/new.bmp
"$archsweep" top-losses sweep.db 2 > out 2> err; code=$?
[ $code = 3 ] && grep -q 'photos: its images, classes or split are not those of the trial any more' err || say "other data: exit $code: $(cat err)"
sqlite3 sweep.db "UPDATE trials SET state = 'failed' WHERE trial = 2"
expect failed 2 'trial 2 .* is failed: only a finished trial' "$archsweep" confusion sweep.db 2
exit $failed
