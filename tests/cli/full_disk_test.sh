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
else
  echo "no mount here: a limit on file sizes instead"
fi

# A limit on the size of files is met the same way, not by a signal.
mkdir -p limited
limited() (ulimit -f 60; "$archsweep" run sweep.yaml --db limited/sweep.db --set output.folder=limited/files)
expect limit 3 '^limited/sweep.db: .*; is there space, does a limit hold' limited
expect limit_again 0 '' "$archsweep" run sweep.yaml --db limited/sweep.db --set output.folder=limited/files
exit $failed
