#!/usr/bin/env bash
# `archsweep import` of files that are something else, damaged or absurd: the right exit code, one
# line that names file, place and mend, and no database touched. Then good ones.
#   import_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
data=$root/tests/data/timm
import() { "$archsweep" import "$@"; }
refuse() { local name=$1 code=$2 pattern=$3; shift 3; expect "$name" "$code" "$pattern" import new.db "$@"; }
header=model,img_size,top1
speed=model,infer_img_size,infer_samples_per_sec

refuse gone 2 '^gone.csv: no such file' gone.csv
mkdir folder; refuse folder 2 '^folder: is a folder; name the CSV files in it' folder
mkfifo pipe.csv; refuse fifo 2 '^pipe.csv: not a file; save the table to one' pipe.csv
: > empty.csv; refuse empty 2 '^empty.csv: is empty; expected a header row' empty.csv
echo $header > header.csv; refuse header 2 '^header.csv: a header and no rows' header.csv
refuse binary 2 ':[0-9]+:[0-9]+: byte 0x[0-9a-f]+ is no text in UTF-8; is this a CSV file' "$archsweep"
refuse picture 2 'rgb.png:1:1: byte 0x89' "$root/tests/data/images/rgb.png"
truncate -s 600M huge.csv; refuse huge 2 '^huge.csv: 629145600 bytes; a table has at most 536870912' huge.csv
printf "model;img_size;top1\na;224;80\n" > semicolon.csv
refuse semicolon 2 '^semicolon.csv:1:1: one column; separate columns by commas' semicolon.csv
printf "name,score\na,1\n" > other.csv
refuse other 2 '^other.csv:1:1: columns of no table that is known; known are .*results.*benchmark-infer.*benchmark-train.*fastai_timm' other.csv
printf "$header\na,224,80\na,224\n" > ragged.csv; refuse ragged 2 '^ragged.csv:3:1: 2 fields; the header has 3' ragged.csv
printf "$header\na,224,\"80\n" > open.csv; refuse open 2 '^open.csv:2:7: the quote that begins here is never closed' open.csv
printf "$header\na,224,-1\n" > negative.csv; refuse negative 2 "^negative.csv:2:7: top1 is '-1'; expected a percentage of 0 to 100" negative.csv
printf "$header\na,224,101\n" > over.csv; refuse over 2 "^over.csv:2:7: top1 is '101'; expected a percentage" over.csv
printf "$speed\na,224,1e999\n" > infinite.csv; refuse infinite 2 "^infinite.csv:2:7: infer_samples_per_sec is '1e999'; expected samples per second above 0" infinite.csv
printf "$header\na,224,80\nb,224,80\na,224,80\n" > twice.csv; refuse twice 2 '^twice.csv:4:1: a at 224 px again; it is in line 2' twice.csv
{ echo $header; head -c 1000000 /dev/zero | tr '\0' x; echo ,224,80; } > name.csv
refuse name 2 "^name.csv:2:1: model is 'x{60}'; expected an architecture or ARCHITECTURE.TAG of 1 to 200 bytes" name.csv
refuse after_good 2 '^over.csv:2:7' "$data/results-imagenet.csv" over.csv
[ ! -e new.db ] || say "a refused file left a database"

expect no_database 2 'database is required' import
expect nothing 2 '^none.db: no such file, and no tables to fill it with' import none.db
[ ! -e none.db ] || say "a database was made of nothing"
echo text > text.db; expect not_ours 2 '^text.db: is not an SQLite database' import text.db "$data/results-imagenet.csv"
[ "$(cat text.db)" = text ] || say "text.db has changed"
expect no_folder 3 '^gone/a.db: cannot be written' import gone/a.db "$data/results-imagenet.csv"
expect locked 3 '^locked.db: another sweep is writing to it' flock locked.db.lock "$archsweep" import locked.db "$data/results-imagenet.csv"

# Good files, twice, and what is left over.
expect good 0 '' import a.db "$data"/*.csv --unmatched left.csv
grep -q 'results-imagenet.csv: 40 accuracies (published weights on imagenet)' out || say "good: $(cat out)"
grep -q 'benchmark-infer.*: 30 speeds of inference (RTX 3090, amp, channels_last, PyTorch 1.13, CUDA 11.7)' out || say "good: $(cat out)"
rows=$(sed -n 's/^ *\([0-9]*\) rows: .*/\1/p' out | awk "{n += \$1} END {print n + 0}")
[ "$("$archsweep" query a.db 'SELECT count(*) FROM leaderboard WHERE image_size > 0' --format csv | tail -1)" = "$rows" ] || say "good: $rows rows were told"
head -1 left.csv | grep -q '^accuracies,speeds,outcome,line,' || say "left.csv begins $(head -1 left.csv)"
left=$(sed -n 's/^ *\([0-9]*\) \(accuracies\|speeds\) with.*/\1/p' out | awk "{n += \$1} END {print n + 0}")
[ "$(($(wc -l < left.csv) - 1))" = "$left" ] || say "left.csv has $(wc -l < left.csv) lines, $left rows were told"
"$archsweep" leaderboard a.db --format csv > before 2> /dev/null
expect again 0 '' import a.db "$data"/*.csv
[ "$(grep -c 'imported before, .*; nothing to do' out)" -eq 4 ] || say "again: $(cat out)"
"$archsweep" leaderboard a.db --format csv 2> /dev/null | cmp -s - before || say "importing again has changed the leaderboard"
expect left_nowhere 3 '^gone/left.csv: cannot be written' import a.db --unmatched gone/left.csv

# A million rows, in seconds of a processor.
awk -v h=$header 'BEGIN { print h; for (i = 0; i < 1000000; ++i) printf "net_%d.tag,%d,%.3f\n", i, 224, i % 100000 / 1000 }' > million.csv
awk -v h=$speed 'BEGIN { print h; for (i = 0; i < 1000000; i += 10) printf "net_%d,%d,%.3f\n", i, 224, 1 + i % 1000 }' > speeds.csv
quick() { (ulimit -t 60; "$archsweep" "$@"); }
expect million 0 '' quick import m.db million.csv speeds.csv
grep -q '^ *100000 rows: ' out || say "million: $(cat out)"

# A disk that fills up: what was there stays.
if small_disk small 300k; then
  expect fits 0 '' import small/a.db "$data/results-imagenet.csv"
  expect full 3 '^small/a.db: the disk is full' import small/a.db million.csv
  [ "$("$archsweep" query small/a.db 'SELECT sum(rows) FROM imports' --format csv | tail -1)" = 40 ] || say "a full disk left half a table"
fi
exit $failed
