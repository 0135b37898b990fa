#!/usr/bin/env python3
"""SIGKILL of the scheduler at random moments of a sweep, and the same command again, until it is finished. Nothing that
was in the database or in a journal may be lost, no trial is finished twice, nobody is left running.

    scheduler_kills_test.py ARCHSWEEP SOURCE_ROOT [KILLS]     (15 by default; 200 by hand)
"""
import json
import random
import sys
import time

from toy import NAMES, Sweep, check, end

kills = int(sys.argv[3]) if len(sys.argv) > 3 else 15
seed = int.from_bytes(random.SystemRandom().randbytes(4))
print(f"seed {seed}")
random.seed(seed)


def journalled(sweep):
    """(architecture, seed, epoch) that a journal tells of."""
    told = set()
    for file in (sweep.folder / "t-files/trials").glob("*.jsonl"):
        spec = json.loads(file.with_suffix(".json").read_text())["spec"]
        for line in file.read_text().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # cut off
            if event["event"] == "epoch":
                told.add((spec["architecture"], spec["training"]["seed"], event["number"]))
    return told


def stored(sweep):
    return set(sweep.ask("SELECT architecture, seed, epoch FROM epochs JOIN trials USING (trial)"))


# As many trials as the kills take.
with Sweep(NAMES[:2], epochs=6) as s:
    options = [f"training.seeds={max(2, kills // 4)}", "scheduler.slots=2"]
    known, lost, twice, orphans, done = set(), set(), [], [], 0
    for kill in range(kills):
        sweep = s.start(*options, TOY_EPOCH_MS=15)
        time.sleep(random.uniform(0.02, 0.4))
        sweep.kill()
        sweep.wait()
        orphans += s.orphans()
        if (s.folder / "t.db").exists():
            try:
                known |= stored(s)
            except Exception:
                pass  # killed before there were tables
        known |= journalled(s)
    code = s.run(*options, TOY_EPOCH_MS=1)
    lost = known - stored(s)
    twice = s.ask("SELECT trial FROM attempts WHERE outcome = 'done' GROUP BY trial HAVING count(*) > 1")
    trials = s.ask("SELECT count(*), sum(state = 'done') FROM trials")[0]
    check(f"{kills} kills: {len(known)} epochs kept, {trials[0]} trials done", code == 0, not lost, not twice, not orphans,
          trials[0] == trials[1], s.ask("PRAGMA integrity_check") == [("ok",)], s.ask("PRAGMA foreign_key_check") == [],
          s.ask("SELECT count(*) FROM leaderboard")[0][0] == trials[0], len(known) > kills)
    s.run(*options)
    check("the next run finds nothing to do", "everything is finished already" in s.log())
end()
