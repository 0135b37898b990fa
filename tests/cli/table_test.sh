#!/usr/bin/env bash
# A table from the config to predictions: a sweep of configs/titanic.yaml, its rows, its frontier, its export.
#   table_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
ask() { sqlite3 -readonly titanic.db "$1"; }
run=(run "$root/configs/titanic.yaml" --set 'architectures=[tabular_linear, {name: tabular_mlp, hidden: [20, 5]}]' --set learning_rate=0.3
     --set scheduler.device=cpu --set output.keep_weights=all --set measurement.seconds=0.05 --set output.plots='[titanic.svg]')

"$archsweep" "${run[@]}" > out 2> err || { cat out err; exit 1; }
grep -q '^data .*titanic.csv: 712 train, 712 validation rows, 2 classes, 179 left out$' out || say "data: $(grep ^data out)"
grep -q 'left out .*titanic.csv:7: no Age' out || say "the first row that is left out is not named: $(grep 'left out' out)"
[ "$(ask "SELECT round(valid_loss, 5), round(top1, 3), round(auc, 2), train_samples FROM results WHERE architecture = 'tabular_linear'")" = '0.14423|0.798|0.86|712' ] ||
  say "the linear model: $(ask "SELECT architecture, valid_loss, top1, auc FROM results")"
[ "$(ask 'SELECT count(*) FROM results WHERE latency > 0 AND throughput > 0 AND macs > 0')" = 2 ] || say "not every network was timed"
"$archsweep" "${run[@]}" > out 2> err
grep -q 'nothing to run' out || say "a second run: $(cat out err)"
expect frontier 0 'how much auc scatters is not known' "$archsweep" frontier titanic.db --y auc
grep -q tabular_ out || say "frontier: $(cat out)"
grep -q 'tabular_linear' titanic.svg || say "no picture"

trial=$(ask "SELECT trial FROM results WHERE architecture = 'tabular_linear'")
expect export 0 '' "$archsweep" export titanic.db "$trial" -o model --device cpu
grep -q '^checked: all 712 validation rows .* top-1 79.78 %, after training 79.78 %$' out || say "export says: $(cat out)"
# Columns in another order, one too many, a port that training never saw.
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age,Extra\n100,female,1,C,0,0,30,x\n8,male,3,Q,0,0,28,\n8,male,3,Z,0,0,28,\n' > new.csv
unknown="^Embarked: 1 cell is of no level that training had, first 'Z' at new.csv:4\$"
expect predict 0 "$unknown" "$archsweep" predict model new.csv --device cpu --format csv
[ "$(head -2 out | tail -1 | cut -d, -f1,3)" = new.csv:2,1 ] && [ "$(wc -l < out)" = 4 ] && [ "$(tail -2 out | cut -d, -f3 | tr '\n' ' ')" = '0 0 ' ] || say "predict: $(cat out)"
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age\n1,"a"b,1,C,0,0,3\n1,male,1,C,0,0,3\n' > bad.csv
expect quote 1 'bad.csv:2:3: a quote inside a field' "$archsweep" predict model bad.csv --device cpu
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Agee\n1,male,1,C,0,0,3\n' > bad.csv
expect column 1 "bad.csv:1:1: no column 'Age'.*did you mean 'Agee'" "$archsweep" predict model bad.csv --device cpu
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age\n1,male,1,C,0,0,old\n' > bad.csv
expect number 1 "bad.csv:2:16: Age: 'old' is no number" "$archsweep" predict model bad.csv --device cpu
expect folder 1 '^model: is a folder' "$archsweep" predict model model --device cpu
expect "nothing is left" 1 '^gone.csv: no such file' "$archsweep" predict model gone.csv --device cpu --format json
[ "$(cat out)" = '[]' ] || say "nothing: $(cat out)"
# What is at fault is named and all else told; after a quote out of place a file cannot be read on.
cat > faults.csv <<'CSV'
Fare,Sex,Pclass,Embarked,Parch,SibSp,Age
1,male,1,C,0,0,3
1,male,1,C,0,0,old
1,male,1,C,0,0
-1,male,1,C,0,0,3
8,male,3,Q,0,0,NA
1,"male ",1,C,0,0,3
old,martian,1,C,0,0,older
1,m"a"le,1,C,0,0,3
1,male,1,C,0,0,3
CSV
head -1 faults.csv > header.csv
cat > said <<'SAID'
faults.csv:3:16: Age: 'old' is no number that float32 can hold
faults.csv:4:1: 6 fields; the header has 7
faults.csv:5:1: Fare: -1 has no log10(x + 1)
faults.csv:6:16: Age: is missing; training left such rows out (dataset.missing: drop)
faults.csv:8:21: Age: 'older' is no number that float32 can hold
faults.csv:8:1: Fare: 'old' is no number that float32 can hold
faults.csv:9:3: a quote inside a field; put the whole field in quotes and double those inside
gone.csv: no such file
header.csv: no row follows the header
Sex: 1 cell is of no level that training had, first 'male ' at faults.csv:7
Embarked: 1 cell is of no level that training had, first 'Z' at new.csv:4
SAID
to_full_disk() { "$@" > /dev/full; }
expect "full disk" 3 '^cannot write the output$' to_full_disk "$archsweep" predict model new.csv --device cpu --batch-size 1 --format csv
for format in csv json table; do
  for size in 1 2 32; do
    "$archsweep" predict model faults.csv gone.csv header.csv new.csv --device cpu --format $format --batch-size $size > told.$format.$size 2> err
    code=$?; [ $code = 1 ] && cmp err said || say "faults, $format of $size: exit $code: $(cat err)"
  done
done
python3 - <<'PY' || say "faults: see above"
import csv, json
rows = ["faults.csv:2", "faults.csv:7", "new.csv:2", "new.csv:3", "new.csv:4"]
for size in "1", "2", "32":
    assert [r["row"] for r in csv.DictReader(open("told.csv." + size))] == rows, size
    assert [r["row"] for r in json.load(open("told.json." + size))] == rows, size
    assert [line.split()[0] for line in open("told.table." + size)] == ["row"] + rows, size
PY

mlp=$(ask "SELECT trial FROM results WHERE architecture = 'tabular_mlp'")
[ "$(ask "SELECT parameters FROM results WHERE trial = $mlp")" = $((9 * 20 + 20 + 20 * 5 + 5 + 5 + 1)) ] || say "hidden layers: $(ask "SELECT parameters FROM results")"
[ "$(ask "SELECT tag, accuracy_key = (SELECT accuracy_key FROM results WHERE architecture = 'tabular_linear') FROM results WHERE trial = $mlp")" = '20_5|1' ] || say "a network of other widths compares with nothing"
expect hidden 0 '' "$archsweep" export titanic.db "$mlp" -o mlp --device cpu
grep -q 'checked: all 712 validation rows' out || say "hidden: $(cat out)"
expect sizes 0 "$unknown" "$archsweep" predict mlp new.csv --device cpu --format csv
mv out whole
expect "one by one" 0 "$unknown" "$archsweep" predict mlp new.csv --device cpu --format csv --batch-size 1
[ "$(cut -d, -f1,3 out)" = "$(cut -d, -f1,3 whole)" ] || say "one by one: $(cat out), at once: $(cat whole)"
sed 's/\[20, 5\]/[20, 0]/; /"hidden"/,/\]/s/20/-20/' mlp/config.json > edited && cp edited mlp/config.json
expect edited 2 'hidden layers that no export has' "$archsweep" predict mlp new.csv --device cpu
expect named 2 'tabular_mlp and tabular_embedding take it, tabular_linear does not' "$archsweep" "${run[@]}" --set training.hidden='[4]'
expect deep 2 'at most 8 layers' "$archsweep" "${run[@]}" --set 'architectures=[{name: tabular_mlp, hidden: [1,1,1,1,1,1,1,1,1]}]'

# Where training filled in what was missing, so does predict, and says what with.
"$archsweep" "${run[@]}" --set architectures='[tabular_linear]' --set dataset.missing=median --db median.db > out 2> err || say "median: $(cat out err)"
expect "median export" 0 '' "$archsweep" export median.db "$(sqlite3 -readonly median.db 'SELECT trial FROM results')" -o median --device cpu --no-check
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age\n1,male,1,C,0,0,3\n,,1,,0,0,\n1,"male ",1,s,0,0,NaN\n1,Male,1,s,0,0,\n' > gaps.csv
cat > said <<'SAID'
Sex: 2 cells are of no level that training had, first 'male ' at gaps.csv:4
Sex: 1 cell is missing, first at gaps.csv:3: taken as of no level that training had
Embarked: 2 cells are of no level that training had, first 's' at gaps.csv:4
Embarked: 1 cell is missing, first at gaps.csv:3: taken as a missing value, as in training
Age: 3 cells are missing, first at gaps.csv:3: replaced by 28, the median of the training rows
Fare: 1 cell is missing, first at gaps.csv:3: replaced by 14.4542, the median of the training rows
SAID
"$archsweep" predict median gaps.csv --device cpu --format csv > out 2> err || say "gaps: exit $?"
cmp err said || say "gaps: $(cat err)"
[ "$(wc -l < out)" = 5 ] || say "gaps: $(cat out)"

cp -r model nan
python3 - nan/model.safetensors <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
begin = 8 + int.from_bytes(data[:8], "little")
open(sys.argv[1], "wb").write(data[:begin] + b"\xff" * (len(data) - begin))  # each is NaN
PY
head -2 gaps.csv > one.csv
expect nan 1 '^one.csv:2: the network gives no numbers$' "$archsweep" predict nan one.csv --device cpu --format json
[ "$(cat out)" = '[]' ] || say "NaN: $(cat out)"
sed 's/"scale": [0-9.]*/"scale": 0/' model/config.json > edited && cp edited model/config.json
expect scale 2 'columns that no export has' "$archsweep" predict model new.csv --device cpu
expect twice 0 '' "$archsweep" check "$root/configs/titanic.yaml" --set 'architectures=[{name: tabular_mlp, hidden: [5, 5]}, {name: tabular_mlp, hidden: [5]}]'
grep -q '4 trials' out || say "two widths of one name: $(cat out)"

# Whole prices, each its own, are numbers where the loss is mse.
{ echo 'x,price'; for i in $(seq 80); do echo "$i,$((100 + 3 * i))"; done; } > prices.csv
{ echo 'x,price'; for i in $(seq 80); do echo "$i,word$((i % 4))"; done; } > words.csv
cat > prices.yaml <<'YAML'
dataset: {kind: table, path: prices.csv, target: price, continuous: [x]}
architectures: [tabular_linear]
learning_rate: 0.3
training: {loss: mse, epochs: 5}
measurement: {enabled: false}
scheduler: {device: cpu}
YAML
expect prices 0 '' "$archsweep" run prices.yaml
grep -q '^data .*prices.csv: 64 train, 16 validation rows, numbers, 0 left out$' out || say "prices: $(cat out)"
price=$(sqlite3 -readonly prices.db 'SELECT trial FROM results')
expect "price export" 0 '' "$archsweep" export prices.db "$price" -o price-model --device cpu
for command in confusion calibration top-losses; do
  expect "$command of numbers" 2 'it predicts a number \(loss mse\), no probabilities' "$archsweep" $command prices.db "$price"
done
run_prices=(run prices.yaml --db refused.db)
expect halving 2 'its target is a number, and scheduler.early_stopping: halving' "$archsweep" "${run_prices[@]}" --set scheduler.early_stopping=halving
expect own 2 'every row has a price of its own, so none can be held out; where it is a number say training.loss: mse' "$archsweep" "${run_prices[@]}" --set training.loss=cross_entropy
expect words 2 "words.csv:2: price: 'word1' is no number that float32 can hold; of more than two classes training.loss is cross_entropy" "$archsweep" "${run_prices[@]}" --set "dataset.path=$PWD/words.csv"
sed 's/,\([0-9]*\)$/,\1.5/' prices.csv > halves.csv
numbers=("${run_prices[@]}" --set "dataset.path=$PWD/halves.csv")
expect entropy 2 'its target is a number, and training.loss: cross_entropy is for classes' "$archsweep" "${numbers[@]}" --set training.loss=cross_entropy
sed 's/loss: mse, //' prices.yaml > default.yaml
expect smoothing 2 'its target is a number, and training.label_smoothing is for classes' "$archsweep" run default.yaml --db refused.db --set "dataset.path=$PWD/halves.csv" --set training.label_smoothing=0.1
expect weights 2 'dataset.weight_column: kind: table has none' "$archsweep" check prices.yaml --set dataset.weight_column=x
expect samples 2 'dataset.train_samples: with valid_fraction: 0 every row' "$archsweep" check prices.yaml --set dataset.valid_fraction=0 --set dataset.train_samples=9

"$archsweep" "${run[@]}" --set architectures='[tabular_linear]' --set training.loss=cross_entropy --set training.epochs=2 --db words.db > out 2> err || say "cross-entropy: $(cat err)"
expect losses 2 'of a table, and this shows images' "$archsweep" top-losses words.db 1
expect rates 0 '' "$archsweep" check "$root/configs/titanic.yaml" --set 'learning_rate={from: 0.1, to: 0.1, points: 3}' --set 'architectures=[tabular_linear]'
grep -q '1 trial' out || say "equal rates of a range: $(cat out)"

expect bench 2 'tabular_linear is not for images' "$archsweep" bench tabular_linear
expect batch 2 'show-batch: dataset.kind is table' "$archsweep" show-batch "$root/configs/titanic.yaml" -o x.png
expect list 0 '' "$archsweep" list 'tabular_*' --format csv
grep -q '^tabular_mlp_200_100,tabular,,,table$' out || say "list: $(cat out)"
exit $failed
