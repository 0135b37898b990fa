#!/usr/bin/env bash
# Two sweeps on one database: the second is told who holds it and harms nothing; readers read on.
# Ctrl-C ends the first cleanly, and the same command continues it.
#   two_sweeps_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"
small_sweep

(exec "$archsweep" run sweep.yaml --set training.epochs=100000 > first.log 2>&1) &
first=$!
for _ in $(seq 2000); do grep -q '^epoch' first.log 2> /dev/null && break; sleep 0.05; done
grep -q '^epoch' first.log || { cat first.log; say "the first sweep does not start"; }
expect second 3 "^sweep.db: another sweep is writing to it \\(process $first\\); wait for it, or give another file with --db" \
  "$archsweep" run sweep.yaml
expect status 0 '' "$archsweep" status sweep.db
grep -q '^running *1' out || say "status does not show the running trial"
ln -s sweep.db link.db
expect link 3 'link.db: another sweep is writing to it' \
  "$archsweep" run sweep.yaml --db link.db --set output.folder=other-files
expect other 0 '' "$archsweep" run sweep.yaml --db other.db --set output.folder=other-files
expect find 3 'another sweep is writing' "$archsweep" lr-find sweep.yaml --arch test_resnet
expect query 0 '' "$archsweep" query sweep.db 'SELECT count(*) FROM epochs'

kill -INT $first; wait $first; code=$?
[ $code -eq 130 ] || { cat first.log; say "Ctrl-C ends with exit $code"; }
grep -q 'The same command continues' first.log || say "the end does not say how to go on"
expect stopped 0 '' "$archsweep" status sweep.db
grep -q '^planned *1' out || say "the stopped trial is not planned again"
expect after 0 '' "$archsweep" run sweep.yaml
[ "$(sqlite3 -readonly sweep.db "SELECT count(*) FROM trials WHERE state = 'done'")" = 1 ] || say "the sweep after it does not finish"
exit $failed
