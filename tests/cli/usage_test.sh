#!/usr/bin/env bash
# Command lines that are not right: exit 2, one line, the nearest word; --help with an example.
#   usage_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"

expect unknown 2 "unknown command 'lst'; did you mean 'list'\\?" "$archsweep" lst
expect far 2 "unknown command 'xyzzy' \\(archsweep --help" "$archsweep" xyzzy
expect none 2 'archsweep --help shows how' "$archsweep"
expect option 2 'not expected: --nope \(archsweep list --help' "$archsweep" list --nope
expect missing 2 'config is required' "$archsweep" run
expect stray 2 'not expected: extra' "$archsweep" check a.yaml extra
expect format 2 'xml not in' "$archsweep" list --format xml
expect name 2 "unknown architecture 'resnet19'; did you mean 'resnet18'" "$archsweep" show resnet19
expect glob 2 "'convnxt_tiny' matches no architecture; did you mean 'convnext_tiny'" "$archsweep" list convnxt_tiny
expect no_config 2 '^gone.yaml:1:1: no such file' "$archsweep" check gone.yaml
expect no_database 2 '^gone.db: no such file; .archsweep run. makes one' "$archsweep" leaderboard gone.db
expect no_default 2 'name the database' "$archsweep" status
expect full_output 3 'cannot write' bash -c "'$archsweep' list > /dev/full"
expect version 0 '' "$archsweep" --version

"$archsweep" --help > help || say "--help fails"
for command in $(sed -n '/^Subcommands:/,$s/^  \([a-z-]*\) .*/\1/p' help); do
  expect "$command --help" 0 '' "$archsweep" "$command" --help
  grep -q "^  archsweep $command" out || say "$command --help has no example"
done
[ "$(wc -l < help)" -gt 10 ] || say "--help is short"
# A reader that leaves early is no fault.
"$archsweep" list | head -1 > /dev/null; code=${PIPESTATUS[0]}
[ $code -eq 141 ] || [ $code -eq 0 ] || say "list | head fails"
exit $failed
