#!/usr/bin/env bash
# A table from the config to predictions: a sweep of configs/titanic.yaml, its rows, its frontier, its export.
#   table_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
ask() { sqlite3 -readonly titanic.db "$1"; }
run=(run "$root/configs/titanic.yaml" --set 'architectures=[tabular_linear, tabular_mlp_20]' --set learning_rate=0.3
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
# Columns in another order, one too many, a port that training never saw, an age that is missing.
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age,Extra\n100,female,1,C,0,0,30,x\n8,male,3,Q,0,0,,\n8,male,3,Z,0,0,28,\n' > new.csv
expect predict 0 '' "$archsweep" predict model new.csv --device cpu --format csv
[ "$(head -2 out | tail -1 | cut -d, -f1,3)" = new.csv:2,1 ] && [ "$(wc -l < out)" = 4 ] && [ "$(tail -2 out | cut -d, -f3 | tr '\n' ' ')" = '0 0 ' ] || say "predict: $(cat out)"
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Agee\n1,male,1,C,0,0,3\n' > bad.csv
expect column 2 "bad.csv:1:1: no column 'Age'.*did you mean 'Agee'" "$archsweep" predict model bad.csv --device cpu
printf 'Fare,Sex,Pclass,Embarked,Parch,SibSp,Age\n1,male,1,C,0,0,old\n' > bad.csv
expect number 2 "bad.csv:2:16: Age: 'old' is no number" "$archsweep" predict model bad.csv --device cpu

expect bench 2 'tabular_linear is not for images' "$archsweep" bench tabular_linear
expect batch 2 'show-batch: dataset.kind is table' "$archsweep" show-batch "$root/configs/titanic.yaml" -o x.png
expect list 0 '' "$archsweep" list 'tabular_*' --format csv
grep -q '^tabular_mlp_100_50,tabular,,,table$' out || say "list: $(cat out)"
exit $failed
