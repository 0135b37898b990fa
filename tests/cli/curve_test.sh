#!/usr/bin/env bash
# The smallest sweep of the whole program: a curve is fitted, each step is in the database, pictures are drawn.
#   curve_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
ask() { sqlite3 -readonly curve.db "$1"; }

"$archsweep" run "$root/configs/curve.yaml" --set scheduler.device=cpu --set dataset.noise=0 > out 2> err || { cat out err; exit 1; }
grep -q '^data   3\*x^2 + 2\*x + 1: 20 train, 20 validation points, numbers, 0 left out$' out || say "data: $(grep ^data out)"
[ "$(ask "SELECT count(*) FROM results WHERE valid_loss IS NOT NULL AND top1 IS NULL")" = 4 ] || say "not every curve was fitted: $(cat out)"
step="SELECT round(value, 4), round(gradient, 4) FROM parameters JOIN trials USING (trial, attempt) WHERE architecture = 'quadratic' AND name = 'a' AND epoch"
[ "$(ask "$step = 1")" = '1.6021|-10.2146' ] && [ "$(ask "$step = 10")" = '2.2011|-4.5148' ] || say "the steps: $(ask "$step < 20")"
[ "$(ask "SELECT count(*), min(x), max(y) FROM curves JOIN trials USING (trial, attempt) WHERE architecture = 'relus_2' AND epoch = 50")" = '20|-2.0|17.0' ] || say "the points are not there"
expect fit 0 '' "$archsweep" plot curve.db -o fit.svg --kind fit --where "architecture = 'quadratic'"
grep -q 'quadratic learns, at a rate of 0.01' fit.svg && grep -q 'step 50: loss' fit.svg || say "the picture has no curve"
expect merged 0 '' "$archsweep" merge all.db curve.db
[ "$(sqlite3 -readonly all.db 'SELECT count(*) FROM parameters')" = "$(ask 'SELECT count(*) FROM parameters')" ] || say "merge lost steps"

expect export 2 'trial 1 .*: it fits a curve, and there is nothing to export' "$archsweep" export curve.db 1 -o model --no-check
[ ! -e model ] || say "a curve was exported"
expect stopping 2 'its target is a number, and scheduler.early_stopping: frontier goes by the accuracy' "$archsweep" run "$root/configs/curve.yaml" --set scheduler.early_stopping=frontier --db stop.db
"$archsweep" frontier curve.db --format csv > out 2> err || say "losses: $(cat err)"
grep -q quadratic out && grep -q valid_loss out || say "no frontier of losses: $(cat out)"
[ "$("$archsweep" leaderboard curve.db --columns architecture --format csv | sed -n 2p)" = quadratic ] || say "the least loss is not first"

expect formula 2 "^--set dataset.expression: dataset.expression: character 3 of '3\*y'" "$archsweep" check "$root/configs/curve.yaml" --set 'dataset.expression="3*y"'
expect other 2 'architectures: resnet18 takes images; dataset.kind is function' "$archsweep" check "$root/configs/curve.yaml" --set 'architectures=[resnet18]'
expect nothing 1 'nothing to draw' "$archsweep" plot all.db -o fit.svg --kind fit --where "architecture = 'resnet18'"

expect several 0 '' "$archsweep" plot curve.db -o several.svg --kind rates
grep -q '>quadratic 0.01<' several.svg && grep -q '>relus_8 0.01<' several.svg || say "rates of several architectures cannot be told apart"
expect classes 2 'training.loss: cross_entropy is for classes; of a function it is mse' "$archsweep" check "$root/configs/curve.yaml" --set training.loss=cross_entropy --set 'architectures=[quadratic]'
expect noise 2 'dataset.noise: 1e\+38 makes .* which float32 cannot hold' "$archsweep" run "$root/configs/curve.yaml" --set dataset.noise=1e38 --set dataset.points=1000 --set scheduler.device=cpu --db noise.db

# One picture of rates from far too small to far too big.
"$archsweep" run "$root/configs/learning_rate_lesson.yaml" --set scheduler.device=cpu > out 2> err; code=$?
[ $code = 1 ] || say "the lesson of rates: exit $code: $(cat out err)"
expect rates 0 '' "$archsweep" plot learning_rate_lesson.db -o rates.svg --kind rates
for name in '0.0001' '0.1' '0.5: diverged' '3: diverged'; do grep -q ">$name<" rates.svg || say "the picture of rates has no '$name'"; done
exit $failed
