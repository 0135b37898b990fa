#!/usr/bin/env bash
# Configs and databases that are something else, too big, too new, or where nothing can be written:
# the right exit code, one line that names the file and the mend, and the file as it was.
#   bad_files_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep
run() { "$archsweep" run sweep.yaml "$@"; }
unchanged() { [ "$(sha256sum < "$1")" = "$2" ] || say "$1 has changed"; }

# Configs.
truncate -s 100M zeros.yaml
expect zeros 2 '^zeros.yaml:1:1: 104857600 bytes; a config has at most' "$archsweep" check zeros.yaml
expect binary 2 'archsweep:1:1: .*(not a text file|a config has at most)' "$archsweep" check "$archsweep"
expect image 2 '1.png:[0-9]+:1: not a text file' "$archsweep" check pets/cats/1.png
mkfifo pipe.yaml
expect fifo 2 '^pipe.yaml:1:1: not a file' "$archsweep" check pipe.yaml
expect folder 2 '^pets:1:1: not a file' "$archsweep" check pets

# Databases.
sqlite3 theirs.db 'CREATE TABLE x (y); INSERT INTO x VALUES (1)'; before=$(sha256sum < theirs.db)
expect theirs 2 "^theirs.db: is another program's database; give another path" run --db theirs.db
expect theirs_read 2 "^theirs.db: is another program's" "$archsweep" leaderboard theirs.db
unchanged theirs.db "$before"
head -c 5000 /dev/urandom > junk.db; before=$(sha256sum < junk.db)
expect junk 2 '^junk.db: is not an SQLite database.*; give another path' run --db junk.db
expect junk_read 2 '^junk.db: is not an SQLite database' "$archsweep" frontier junk.db
unchanged junk.db "$before"

expect good 0 '' run
sqlite3 sweep.db 'PRAGMA wal_checkpoint(TRUNCATE)' > /dev/null
cp sweep.db newer.db; sqlite3 newer.db 'PRAGMA user_version = 99'; before=$(sha256sum < newer.db)
expect newer 2 '^newer.db: was written by a newer archsweep .*; update archsweep' run --db newer.db
expect newer_read 2 '^newer.db: was written by a newer archsweep' "$archsweep" status newer.db
unchanged newer.db "$before"
expect picture 2 '^x.pdf: the name must end in .html, .svg or .png' "$archsweep" plot sweep.db -o x.pdf
expect picture_folder 3 '^gone/x.svg: cannot be written' "$archsweep" plot sweep.db -o gone/x.svg
expect where 2 '^sweep.db: no such column: nope' "$archsweep" leaderboard sweep.db --where nope

# A folder that cannot be written: read from it, refuse to write to it.
if small_disk still 1m; then
  cp sweep.db still/; mount -o remount,ro still
  expect still_read 0 '' "$archsweep" leaderboard still/sweep.db
  grep -q test_resnet out || say "nothing was read from the read-only folder"
else
  echo "no mount here: the read-only folder is /proc"; mkdir still; rmdir still; ln -s /proc still
fi
expect still_write 3 '^still/new.db: cannot be written: .*; is its folder there and writable' run --db still/new.db
expect still_files 3 '^still/files/trials: cannot be made: .*; give another output.folder' run --db other.db --set output.folder=still/files
expect still_plot 3 '^still/x.svg: cannot be written' "$archsweep" plot sweep.db -o still/x.svg
expect still_kept 0 '' "$archsweep" leaderboard sweep.db
exit $failed
