#!/usr/bin/env bash
# More epochs of a trial at a constant learning rate go on from the kept checkpoint of the trial with fewer, and end with
# the same epochs and the same checkpoint, to the bit, as all of them at once. Another schedule begins anew.
#   more_epochs_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/end_to_end/worker_lib.sh"
small_sweep
# sweep NAME EPOCHS KEY=VALUE|--OPTION...: of a folder and database of its own.
sweep() {
  local name=$1 epochs=$2 word options=(); shift 2
  for word; do case $word in --*) options+=("$word") ;; *) options+=("--set=$word") ;; esac; done
  "$archsweep" run sweep.yaml --db "$name.db" --set "output.folder=$name" --set "training.epochs=$epochs" --set training.warmup=0 \
    --set training.drop_rate=0.2 --set output.keep_checkpoints=true "${options[@]}" > "$name.log" 2>&1 || { say "$name: exit $?"; cat "$name.log"; }
}
ask() { "$archsweep" query "$1" "$2" --format csv > answer || echo "refused: $RANDOM"; tail -n +2 answer; }
curve="SELECT epoch, train_loss, train_top1, valid_loss, valid_top1, epochs.learning_rate FROM epochs JOIN trials USING (trial, attempt)"
checkpoint() { echo "$1/checkpoints/$(ask "$1.db" "SELECT substr(fingerprint, 1, 16) FROM trials WHERE epochs = $2").safetensors"; }

sweep parts 3 training.schedule=constant
short=$(sha256sum < "$(checkpoint parts 3)")
links=$(stat -c %h "$(checkpoint parts 3)")
sweep parts 7 training.schedule=constant scheduler.preflight=always --dry-run
grep -q '^1 trial that ran with fewer epochs: going on from there' parts.log || { say "the plan does not say that it goes on"; cat parts.log; }
[ "$(stat -c %h "$(checkpoint parts 3)")" = "$links" ] || say "a plan has linked the checkpoint"
sweep parts 7 training.schedule=constant
sweep whole 7 training.schedule=constant
grep -q '^start  test_resnet .* after epoch 3$' parts.log || { say "it does not say that it goes on"; cat parts.log; }
# Of the first epochs even what the clock said is the same: they were not trained again.
first="SELECT epoch, seconds, valid_seconds, train_loss FROM epochs JOIN trials USING (trial, attempt) WHERE epoch <= 3 AND epochs ="
[ "$(ask parts.db "$first 7")" = "$(ask parts.db "$first 3")" ] || say "the first epochs were trained again"
[ "$(ask parts.db "SELECT count(*) FROM epochs JOIN trials USING (trial, attempt) WHERE epochs = 7")" = 7 ] || say "not 7 epochs are recorded"
[ "$(ask parts.db "$curve WHERE epochs = 7 ORDER BY epoch")" = "$(ask whole.db "$curve ORDER BY epoch")" ] || say "the epochs differ"
for file in "$(checkpoint parts 7)" "$(checkpoint whole 7)"; do [ -s "$file" ] || say "no $file"; done
[ "$(tensors "$(checkpoint parts 7)")" = "$(tensors "$(checkpoint whole 7)")" ] || say "the checkpoints differ"
[ "$(sha256sum < "$(checkpoint parts 3)")" = "$short" ] || say "the shorter trial's checkpoint has changed"
[ "$(ask parts.db "SELECT count(*) FROM finished")" = 2 ] || say "the shorter trial is gone"

sweep cosine 2 training.schedule=cosine
sweep cosine 4 training.schedule=cosine
grep -q '^1 trial that ran with fewer epochs: beginning anew, as their learning rates' cosine.log || { say "it does not say why it begins anew"; cat cosine.log; }
! grep -q 'after epoch' cosine.log || say "a schedule that depends on the number of epochs goes on"
sweep dropped 2 training.schedule=constant output.keep_checkpoints=false
sweep dropped 3 training.schedule=constant
grep -q '^1 trial that ran with fewer epochs: beginning anew, as no checkpoint was kept' dropped.log || { say "it does not say that there is no checkpoint"; cat dropped.log; }
exit $failed
