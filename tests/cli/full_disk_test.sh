#!/usr/bin/env bash
# A disk that fills while a sweep runs: exit 3, the file and the mend named, nothing recorded lost,
# and the same command goes on once there is space.
#   full_disk_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
run() { "$archsweep" run sweep.yaml --db disk/sweep.db --set 'learning_rate=[0.001, 0.002]' --set training.epochs=20 "$@"; }
ask() { "$archsweep" query disk/sweep.db "$1" --format csv | tail -n +2; }

if small_disk disk 110k; then  # not enough for the tables
  expect small 3 '^disk/sweep.db: the disk is full; free some space and run again' run
  mount -o remount,size=280k disk  # enough for some of the epochs
  expect full 3 '^disk/sweep.db: the disk is full; free some space and run again' run
  before=$(ask "SELECT trial, attempt, epoch, valid_loss FROM epochs ORDER BY 1, 2, 3")
  [ -n "$before" ] || say "no epoch was recorded before the disk was full"
  mount -o remount,size=20m disk
  expect again 0 '' run
  while read -r row; do
    [ -z "$row" ] || ask "SELECT trial, attempt, epoch, valid_loss FROM epochs" | grep -qxF "$row" || say "lost epoch $row"
  done <<< "$before"
  [ "$(ask 'SELECT count(*) FROM leaderboard')" = 2 ] || say "not every trial finished after the mend"
  expect third 0 '' run
  grep -q 'everything is finished already' out || say "a third run found something to do"

  # The worker's files on a full disk of their own: the images do not fit.
  small_disk cache 64k || say "no second disk"
  expect cache 3 'cache.*No space left on device; free space there' run --set dataset.image_size=224 --set output.folder=cache

  # Its checkpoints do not fit: the training is as good.
  small_disk files 1500k || say "no third disk"
  expect checkpoint 0 '' "$archsweep" run sweep.yaml --db c.db --set output.folder=files --set training.epochs=3
  grep -q 'training goes on without a checkpoint' files/trials/*.log || say "no word of the checkpoint: $(cat files/trials/*.log)"
  # The disk fills while a trial runs: its journal cannot be written, and it is not the trial's fault.
  rm -r files/*
  "$archsweep" run sweep.yaml --db j.db --set output.folder=files --set training.epochs=2000 > out 2> err &
  sweep=$!
  until [ "$(sqlite3 -readonly j.db 'SELECT count(*) FROM epochs' 2> /dev/null || echo 0)" -ge 2 ]; do sleep 0.05; done
  while cat /dev/zero >> files/filler; do sleep 0.05; done 2> /dev/null
  wait $sweep; code=$?
  [ $code = 3 ] || say "journal: exit $code, expected 3; said: $(cat err)"
  grep -q '^files: the disk is full (.*cannot write the journal.*); 1 trials wait: mend it' err || say "journal: said: $(cat err)"
  [ "$(sqlite3 j.db 'SELECT state FROM trials')" = planned ] || say "journal: the trial is $(sqlite3 j.db 'SELECT state FROM trials')"
  rm files/filler
  before=$(sqlite3 j.db 'SELECT count(*) FROM epochs')
  [ "$before" -ge 2 ] || say "journal: lost what was recorded"
else
  echo "no mount here: a limit on file sizes instead"
fi

# A limit on the size of files is met the same way, not by a signal.
mkdir -p limited
limited() (ulimit -f 60; "$archsweep" run sweep.yaml --db limited/sweep.db --set output.folder=limited/files)
expect limit 3 '^limited/sweep.db: .*; is there space, does a limit hold' limited
expect limit_again 0 '' "$archsweep" run sweep.yaml --db limited/sweep.db --set output.folder=limited/files
exit $failed
