#!/usr/bin/env bash
# A trained trial as a folder: its files have what timm reads, the network in it says of the
# validation images what training said, and weights that were not kept are trained again, to the bit.
#   export_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
ask() { sqlite3 -readonly sweep.db "$1"; }

# Photos of 70 x 53 noisy pixels, reddish and bluish; half of those to validate are of the other kind.
python3 - <<'PY'
import os, random, struct
random.seed(1)
for part, count in ("train", 24), ("valid", 9):
    for name in "red deer", "blue whale":
        os.makedirs(f"photos/{part}/{name}")
        for i in range(count):
            rgb = [120, 120, 120]
            rgb[0 if (name == "red deer") ^ (part == "valid" and i % 4 == 0) else 2] += random.randrange(40, 90)
            rows = b""
            for y in range(53):
                rows += b"".join(struct.pack("BBB", *(random.randrange(max(0, v - 60), min(255, v + 60)) for v in rgb[::-1])) for x in range(70)) + bytes(2)
            head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 54, 40, 70, 53, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
            open(f"photos/{part}/{name}/{i}.bmp", "wb").write(head + rows)
PY
cat > sweep.yaml <<'YAML'
dataset: {kind: image_folder, root: photos, image_size: 32}
architectures: [test_resnet, test_vit]
augmentation: [random_resized_crop, horizontal_flip]
learning_rate: 3e-3
training: {epochs: 3, batch_size: 12}
measurement: {enabled: false}
scheduler: {device: cpu, threads: 1}
output: {keep_weights: all}
YAML
"$archsweep" run sweep.yaml > log 2>&1 || { cat log; exit 1; }

for trial in $(ask "SELECT trial FROM trials"); do
  expect "export $trial" 0 '' "$archsweep" export sweep.db "$trial" -o "model$trial" --device cpu
  top1=$(ask "SELECT printf('%.2f %%', top1_percent) FROM finished WHERE trial = $trial")
  grep -q "^checked: all 18 validation images .* top-1 $top1, after training $top1\$" out || say "trial $trial has $top1, and export says: $(cat out)"
  "$archsweep" predict "model$trial" photos/valid --device cpu --format csv > predicted.csv || say "predict: exit $?"
  ask "SELECT architecture, trial, top1, dataset FROM finished WHERE trial = $trial" > row
  python3 - "model$trial" row predicted.csv <<'PY' || say "trial $trial: see above"
import csv, json, struct, sys
folder, row, predicted = sys.argv[1:]
architecture, trial, top1, _ = open(row).read().strip().split("|")
config = json.load(open(f"{folder}/config.json"))
classes = ["blue whale", "red deer"]
assert config["architecture"] == architecture and config["num_classes"] == 2 and config["label_names"] == classes, config
timm = config["pretrained_cfg"]
known = {"tag", "custom_load", "input_size", "fixed_input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std", "num_classes", "classifier"}
assert set(timm) == known, set(timm) ^ known  # timm refuses a key that it does not know
assert timm["input_size"] == [3, 32, 32] and timm["num_classes"] == 2 and timm["crop_mode"] == "center", timm
assert timm["fixed_input_size"] == (architecture == "test_vit") and timm["interpolation"] == "bilinear", timm
assert int(32 / timm["crop_pct"]) == config["archsweep"]["input"]["stored_size"] == 37, timm
assert len(timm["mean"]) == len(timm["std"]) == 3
assert config["archsweep"]["measured"]["trial"] == int(trial) and abs(config["archsweep"]["measured"]["top1"] - float(top1)) < 1e-9
data = open(f"{folder}/model.safetensors", "rb").read()
header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
assert header.pop("__metadata__") == {"format": "pt", "archsweep": config["archsweep"]["id"]}
assert header[timm["classifier"] + ".weight"]["shape"][0] == 2, header.keys()
# What it says of the files themselves is what training counted.
rows = list(csv.DictReader(open(predicted)))
right = sum(f"valid/{r['class']}/" in r["image"] for r in rows)
assert len(rows) == 18 and right == round(18 * float(top1)), (right, top1)
assert 0.5 < float(top1) < 1 or architecture != "test_resnet", top1  # the test would show a wrong order
PY
done

images=$root/tests/data/images
expect bad 1 'text.jpg: not a JPEG' "$archsweep" predict model1 "$images/rgb.png" "$images/text.jpg" "$images/grey.png" --device cpu --format csv
[ "$(wc -l < out)" = 3 ] || say "a bad image keeps others from being told: $(cat out)"
expect gone 1 '^gone.jpg: No such file' "$archsweep" predict model1 gone.jpg --device cpu
mkdir empty
for size in 1 32; do
  expect empty 1 '^empty: no image in this folder$' "$archsweep" predict model1 "$images/rgb.png" empty "$images/grey.png" --device cpu --format json --batch-size $size
  python3 -c 'import json; assert [r["image"].split("/")[-1] for r in json.load(open("out"))] == 2 * ["rgb.png"] + 2 * ["grey.png"]' || say "an empty folder keeps others from being told: $(cat out)"
done
# A NaN among the weights.
cp -r model1 nan
python3 - nan <<'PY'
import json, struct, sys
name = sys.argv[1] + "/model.safetensors"
data = bytearray(open(name, "rb").read())
begin = 8 + struct.unpack("<Q", data[:8])[0]
classifier = json.load(open(sys.argv[1] + "/config.json"))["pretrained_cfg"]["classifier"]
at = begin + json.loads(data[8:begin])[classifier + ".bias"]["data_offsets"][0]
data[at:at + 4] = struct.pack("<f", float("nan"))
open(name, "wb").write(data)
PY
expect nan 1 'rgb.png: the network gives no numbers$' "$archsweep" predict nan "$images/rgb.png" --device cpu --format json
[ "$(cat out)" = '[]' ] || say "NaN: $(cat out)"
to_full_disk() { "$@" > /dev/full; }
for format in json csv table; do
  expect "full disk" 3 '^cannot write the output$' to_full_disk "$archsweep" predict model1 "$images/rgb.png" --device cpu --format $format
done
expect "export, full disk" 3 '^cannot write the output$' to_full_disk "$archsweep" export sweep.db 1 -o again --device cpu --no-check
# Of another export, and a folder where a file should be.
"$archsweep" export sweep.db 2 -o mixed --no-check > log 2>&1 || cat log
cp again/config.json mixed/
expect mixed 2 '^mixed: config.json and model.safetensors are not of one export; export again$' "$archsweep" predict mixed "$images/rgb.png" --device cpu
expect "mixed again" 0 '' "$archsweep" export sweep.db 2 -o mixed --device cpu
rm mixed/config.json; mkdir mixed/config.json
expect "a folder" 2 '^mixed/config.json: not a regular file' "$archsweep" predict mixed "$images/rgb.png" --device cpu
rm -r again mixed
expect all 0 '' "$archsweep" predict model1 "$images/rgb.png" "$images/grey.png" "$images/alpha.webp" --device cpu --all --format csv
mv out all.csv
expect json 0 '' "$archsweep" predict model1 "$images/rgb.png" "$images/grey.png" "$images/alpha.webp" --device cpu --format json
python3 - <<'PY' || say "all classes: see above"
import csv, json
rows = list(csv.DictReader(open("all.csv")))
assert [r["class"] for r in rows] == ["blue whale", "red deer"] * 3, rows
for a, b in zip(rows[::2], rows[1::2]):
    assert a["image"] == b["image"] and abs(float(a["probability"]) + float(b["probability"]) - 1) < 1e-9, (a, b)
assert [(r["image"], r["class"], float(r["probability"])) for r in rows] == [tuple(r.values()) for r in json.load(open("out"))]
PY
expect table 0 '' "$archsweep" predict model1 "$images/rgb.png" --device cpu
grep -qE '^ *image +class +probability' out || say "the table is: $(cat out)"

# Folded batch norms change what it says by no more than rounding, and it is timed with and without.
resnet=$(ask "SELECT trial FROM trials WHERE architecture = 'test_resnet'")
for fold in "" --no-fold; do
  "$archsweep" predict "model$resnet" photos/valid --device cpu --all --format csv $fold > "all$fold.csv" || say "predict $fold: exit $?"
done
python3 - <<'PY' || say "folding: see above"
import csv
folded, plain = ([float(r["probability"]) for r in csv.DictReader(open(f))] for f in ("all.csv", "all--no-fold.csv"))
assert len(folded) == 36 and folded != plain, "nothing was folded"
assert max(abs(a - b) for a, b in zip(folded, plain)) < 1e-4, (folded, plain)
PY
"$archsweep" bench "model$resnet/" --device cpu --threads 1 --seconds 0.02 --rounds 1 --batch-size 1,4 > table 2> err || say "bench: exit $?: $(cat err)"
for name in "model$resnet" "model$resnet, folded"; do
  [ "$(grep -cE "^$name  +32  +[14] .*[0-9]" table)" = 2 ] || say "$name is not timed: $(cat table)"
done
[ "$(sqlite3 -readonly bench.db "SELECT layout FROM results ORDER BY 1")" = "channels_last
channels_last, folded" ] || say "layouts: $(sqlite3 -readonly bench.db 'SELECT layout FROM results')"
[ "$(sqlite3 -readonly bench.db "SELECT count(DISTINCT speed_key) FROM results WHERE architecture = 'test_resnet' AND tag LIKE 'local-dir:/%/model$resnet'")" = 2 ] \
  || say "folded and plain are mixed"
expect "bench of another folder" 2 '^photos/config.json: no such file; `archsweep export`' "$archsweep" bench photos
expect "bench at another size" 2 "^model$resnet: is of 32 pixels; leave out --image-size" "$archsweep" bench "model$resnet" --image-size 64

# Without its weights.
rm sweep-files/weights/*
expect lost 2 'trial 1 .*: its weights are not in .*/weights: --train-again trains it once more' "$archsweep" export sweep.db 1 -o again
"$archsweep" export sweep.db 1 -o again --train-again --device cpu > out 2> err || say "train again: exit $?: $(cat err)"
cmp model1/model.safetensors again/model.safetensors || say "trained again it is another"
"$archsweep" run sweep.yaml --set training.epochs=2 --set output.keep_weights=none --set output.keep_checkpoints=true > log 2>&1 || { cat log; exit 1; }
last=$(ask "SELECT max(trial) FROM trials")
[ ! -e sweep-files/weights ] || [ "$(ls sweep-files/weights | wc -l)" = 1 ] || say "weights are kept: $(ls sweep-files/weights)"
expect "from the checkpoint" 0 '' "$archsweep" export sweep.db "$last" -o from_checkpoint --device cpu
grep -q '^checked: all 18' out || say "from the checkpoint: $(cat out)"
# What the outputs mean is of the training, whatever the folders are called now.
names=$(grep -A3 '"label_names"' from_checkpoint/config.json)
mv 'photos/train/blue whale' photos/train/whale; mv 'photos/valid/blue whale' photos/valid/whale
expect "other names" 0 '' "$archsweep" export sweep.db "$last" -o from_checkpoint --no-check
[ "$names" = "$(grep -A3 '"label_names"' from_checkpoint/config.json)" ] || say "classes are called as the folders are now: $(cat from_checkpoint/config.json)"
mv photos/train/whale 'photos/train/blue whale'; mv photos/valid/whale 'photos/valid/blue whale'
# Other data make another network, and what the first said stays.
mv sweep-files/weights/* kept.safetensors; mv 'photos/valid/blue whale/0.bmp' one.bmp
logits=$(sha256sum sweep-files/logits/*)
expect "other data" 2 'trial 1 .*: .*photos has other images than it was trained on' "$archsweep" export sweep.db 1 -o again --train-again
[ "$logits" = "$(sha256sum sweep-files/logits/*)" ] || say "its logits are others"
mv one.bmp 'photos/valid/blue whale/0.bmp'
first=$(ask "SELECT substr(fingerprint, 1, 16) FROM trials WHERE trial = 1"); second=$(ask "SELECT substr(fingerprint, 1, 16) FROM trials WHERE trial = 2")
cp kept.safetensors "sweep-files/weights/$second.safetensors"
expect "another's weights" 2 "weights/$second.safetensors: it is another trial's; remove it, and --train-again" "$archsweep" export sweep.db 2 -o again
head -c 1000 kept.safetensors > "sweep-files/weights/$second.safetensors"
expect "cut off" 2 "weights/$second.safetensors: .*; remove it, and --train-again" "$archsweep" export sweep.db 2 -o again
rm "sweep-files/weights/$second.safetensors"
# Two at once do not meet.
"$archsweep" export sweep.db 1 -o both1 --train-again > out1 2>&1 & "$archsweep" export sweep.db 2 -o both2 --train-again > out2 2>&1; code=$?; wait $! || code=$?
[ $code = 0 ] && cmp kept.safetensors "sweep-files/weights/$first.safetensors" || say "two at once: exit $code: $(cat out1 out2)"
mv photos elsewhere
expect "no images" 2 'photos.*; --no-check exports without the images' "$archsweep" export sweep.db 1 -o again
expect "no check" 0 '' "$archsweep" export sweep.db 1 -o unchecked --no-check
cmp model1/config.json unchecked/config.json || say "the config differs"

mkdir full; touch full/thesis.tex
expect full 2 '^full: holds something else' "$archsweep" export sweep.db 1 -o full --no-check
expect unknown 2 'no trial 99; ' "$archsweep" export sweep.db 99 -o x
expect word 2 'trial.*test_vit' "$archsweep" export sweep.db test_vit -o x
sqlite3 sweep.db "UPDATE trials SET state = 'paused' WHERE trial = 2"
expect paused 2 'trial 2 .* is paused: only a finished trial' "$archsweep" export sweep.db 2 -o x
expect "not an export" 2 'config.json: no such file; `archsweep export`' "$archsweep" predict photos x.jpg
echo '{"architecture": "resnet18"}' > full/config.json
expect "another's folder" 2 '^full: holds something else' "$archsweep" export sweep.db 1 -o full --no-check
expect "another's" 2 'config.json: not of `archsweep export`' "$archsweep" predict full x.jpg
exit $failed
