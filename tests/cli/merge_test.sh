#!/usr/bin/env bash
# Two machines run a half of a sweep each; merged, it is whole, and goes on where neither had come.
#   merge_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
half() { "$archsweep" run sweep.yaml --db "$1" --set output.folder="$1-files" --set "learning_rate=$2" --set 'output.plots=[]'; }
expect a 0 '' half a.db '[0.001, 0.002]'
expect b 0 '' half b.db '[0.002, 0.004]'
expect merge 0 '' "$archsweep" merge all.db a.db b.db
grep -qx 'all.db <- b.db: 1 new trials, 1 results, 1 sweeps; 1 were finished in both, and the first stays' out || say "said: $(cat out)"
[ "$("$archsweep" query all.db 'SELECT lr FROM leaderboard ORDER BY lr' --format csv | tr '\n' ' ')" = 'lr 0.001 0.002 0.004 ' ] || say "not all are there"
sum=$(sqlite3 all.db .dump | sha256sum)
expect again 0 '' "$archsweep" merge all.db a.db b.db
[ "$sum" = "$(sqlite3 all.db .dump | sha256sum)" ] || say "merging again changed something"
expect rest 0 '' half all.db '[0.001, 0.002, 0.004, 0.008]'
grep -q '^3 of 4 trials are finished already' out || say "the whole sweep began with: $(head -3 out)"

expect itself 2 '^./all.db: is all.db itself' "$archsweep" merge all.db ./all.db
expect gone 2 '^gone.db: no such file' "$archsweep" merge all.db gone.db
echo "not a database, and long enough to be looked at by SQLite" > text.db
expect text 2 '^text.db: ' "$archsweep" merge all.db text.db
expect nothing 2 'from' "$archsweep" merge all.db
sqlite3 b.db 'PRAGMA user_version = 99'
expect newer 2 '^b.db: .*newer' "$archsweep" merge all.db b.db
exec 7> a.db.lock; flock 7  # as a sweep does
expect running 3 '^a.db: process .* is writing to it' "$archsweep" merge all.db a.db
exec 7>&-
if small_disk disk 150k; then
  cp all.db big.db; sqlite3 big.db "UPDATE trials SET spec = hex(zeroblob(100000))"
  expect full 3 '^disk/x.db: the disk is full' "$archsweep" merge disk/x.db big.db
fi
[ -z "$(ls -d "${TMPDIR:-/tmp}"/archsweep-merge-* 2> /dev/null)" ] || say "a copy was left behind"
exit $failed
