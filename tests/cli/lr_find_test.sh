#!/usr/bin/env bash
# The learning-rate finder: suggestions, picture, row; and training after it is as without it.
#   lr_find_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
ask() { sqlite3 -readonly "$1" "$2"; }
trained() { ask "$1" "SELECT train_loss, valid_loss, valid_top1 FROM epochs ORDER BY epoch"; }

expect before 0 '' "$archsweep" run sweep.yaml --db before.db --set training.epochs=2
"$archsweep" lr-find sweep.yaml --arch test_resnet --db found.db -o lr.svg --format csv > out 2> err || say "exit $?: $(cat err)"
[ "$(cut -d, -f1 out | tr '\n' ' ')" = 'rule valley steep minimum slide ' ] || say "said: $(cat out)"
grep -q '<svg' lr.svg && grep -q 'valley' lr.svg || say "no picture"
[ "$(ask found.db "SELECT architecture, json_array_length(losses) = json_array_length(rates), valley BETWEEN 1e-7 AND 10 FROM lr_finds")" = 'test_resnet|1|1' ] \
  || say "stored: $(ask found.db 'SELECT * FROM lr_finds')"
first=$(cat out)
"$archsweep" lr-find sweep.yaml --arch test_resnet --db found.db --format csv > out 2> err
[ "$first" = "$(cat out)" ] || say "the second time it suggests another: $(cat out)"
[ "$(ask found.db 'SELECT count(*) FROM lr_finds')" = 1 ] || say "the row was not replaced"
expect after 0 '' "$archsweep" run sweep.yaml --db found.db --set training.epochs=2
[ "$(trained before.db)" = "$(trained found.db)" ] || say "training after it differs from training without it"
"$archsweep" lr-find sweep.yaml --arch test_vit --db found.db > out 2> err || say "a name that the config does not have: $(cat err)"

# In a sweep: what is known is taken, what is not is found, and a second run has nothing to do.
found=(run sweep.yaml --db found.db --set 'architectures=[test_resnet, test_vit, test_efficientnet]' --set 'learning_rate=[find, minimum, 0.001]')
"$archsweep" "${found[@]}" > out 2> err || say "learning_rate: find: exit $?: $(cat err)"
[ "$(grep -c '^rate ' out)" = 1 ] && grep -q '^rate   test_efficientnet: valley [0-9]' out || say "it found anew: $(grep '^rate' out)"
[ "$(ask found.db "SELECT count(*) FROM trials JOIN lr_finds USING (architecture) WHERE state = 'done' AND epochs = 1 AND learning_rate IN (valley, minimum)")" = 6 ] ||
  say "not every architecture ran at what was found: $(ask found.db 'SELECT architecture, learning_rate, state FROM trials')"
"$archsweep" "${found[@]}" > out 2> err
grep -q 'nothing to run' out || say "a second run: $(cat out)"
# Where nothing can be found the usual rate is taken; the trial tells why it fails.
"$archsweep" run sweep.yaml --db fails.db --set learning_rate=find --set scheduler.trial_time_limit=0.01s > out 2> err; code=$?
[ $code = 1 ] && grep -q '^FAILED test_resnet  learning rate: timeout' out && grep -q '^rate   test_resnet: valley suggests none: 0.001 is taken' out ||
  say "a finder that fails: exit $code: $(cat out err)"
[ "$(ask fails.db "SELECT state, learning_rate FROM trials")" = 'failed|0.001' ] || say "its trial: $(ask fails.db 'SELECT state, learning_rate FROM trials')"
expect word 2 "learning_rate: expected a number above 0 and up to 1000, or find \(valley, steep" "$archsweep" check sweep.yaml --set learning_rate=fint

expect glob 2 'matches nothing|not a glob' "$archsweep" lr-find sweep.yaml --arch 'test_*'
expect unknown 2 'test_resnett.* matches nothing; did you mean' "$archsweep" lr-find sweep.yaml --arch test_resnett
expect picture 2 'svg|png|html' "$archsweep" lr-find sweep.yaml --arch test_resnet --db x.db -o lr.jpg
exit $failed
