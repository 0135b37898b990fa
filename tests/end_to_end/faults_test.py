#!/usr/bin/env python3
"""Every fault that a worker, a user, the machine or its disk can cause, caused for real (with the toy worker): the sweep
goes on or ends plainly, nothing that was known is lost, nobody is left running.

    faults_test.py ARCHSWEEP SOURCE_ROOT
"""
import os
import re
import resource
import signal
import sqlite3
import subprocess
import time

from toy import NAMES, Sweep, check, end

DONE = [("done", None, None)]


def states(sweep):
    return dict(sweep.ask("SELECT state, count(*) FROM trials GROUP BY state"))


def fails(fault, cause, message, retries, **more):
    """One of two trials misbehaves in every attempt; the other is not touched."""
    with Sweep() as s:
        code = s.run("scheduler.hang_limit=1s", TOY_FAULT=fault, TOY_ONLY=NAMES[0], **more)
        attempts = s.attempts(NAMES[0])
        check(f"{fault}: failed after {retries} retries", code == 1, len(attempts) == retries + 1,
              attempts[-1][:2] == ("failed", cause), re.search(message, attempts[-1][2] or ""),
              all(a[:2] == ("retried", cause) for a in attempts[:-1]), s.attempts(NAMES[1]) == DONE, not s.orphans())


def recovers(fault, cause):
    """It misbehaves once, and goes on from its checkpoint."""
    with Sweep() as s:
        code = s.run("scheduler.hang_limit=1s", TOY_FAULT=fault, TOY_ONLY=NAMES[0], TOY_COUNT=s.folder / "count")
        told = s.ask("SELECT attempt, count(*) FROM epochs JOIN trials USING (trial, attempt) "
                     f"WHERE architecture = '{NAMES[0]}'")
        check(f"{fault} once: recovers", code == 0, [a[:2] for a in s.attempts(NAMES[0])] == [("retried", cause), ("done", None)],
              told == [(2, 3)], "after epoch 1" in s.log(), not s.orphans())


fails("segfault", "crashed", "signal 11", 1)
fails("abort", "crashed", "signal 6", 1)
fails("exit", "crashed", "exit code 3 without a result", 1)
fails("half-line", "crashed", "exit code 0 without a result", 1)
fails("hang", "hung", "no sign of life for 1s", 1)
fails("diverge", "diverged", "loss nan at step 7", 0)
recovers("segfault", "crashed")
recovers("deaf", "hung")

with Sweep() as s:
    code = s.run("scheduler.trial_time_limit=1s", TOY_FAULT="hang", TOY_ONLY=NAMES[0])
    check("time limit: stopped, no retry", code == 1, s.attempts(NAMES[0]) == [("failed", "timeout", "longer than 1 s")],
          s.attempts(NAMES[1]) == DONE)

with Sweep() as s:  # the child that a worker leaves behind is ended with it
    check("a worker's child ends with it", s.run(TOY_FAULT="child") == 0, not s.orphans())

with Sweep() as s:  # a gigabyte of stderr
    sweep = s.start(TOY_FAULT="spam", TOY_ONLY=NAMES[0])
    s.wait_for("SELECT count(*) >= 1 FROM epochs")
    most = 0
    while sweep.poll() is None:
        try:
            most = max(most, *[int(l.split()[1]) for l in open(f"/proc/{sweep.pid}/status") if l.startswith("VmHWM")] or [0])
        except OSError:
            pass
        time.sleep(0.02)
    logs = max(f.stat().st_size for f in (s.folder / "t-files/trials").glob("*.log"))
    check(f"1 GB of stderr: {most // 1024} MiB of memory, {logs >> 10} KiB of log", sweep.returncode == 0,
          0 < most < 100 << 10, logs < 4 << 20)

with Sweep() as s:  # more memory than there is
    s.start  # the limit holds for the scheduler too, which needs little
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, before[1]))
    code = s.run(TOY_FAULT="eat-memory", TOY_ONLY=NAMES[0])
    resource.setrlimit(resource.RLIMIT_AS, before)
    check("out of memory: failed, no retry alone", code == 1, s.attempts(NAMES[0]) == [("failed", "out_of_memory", "bad_alloc")],
          s.attempts(NAMES[1]) == DONE)

with Sweep(epochs=20) as s:  # somebody kills a worker
    sweep = s.start()
    s.wait_for("SELECT count(*) >= 2 FROM epochs")
    os.kill(s.ask("SELECT pid FROM attempts WHERE outcome IS NULL")[0][0], signal.SIGKILL)
    code = sweep.wait(timeout=60)
    killed = s.ask("SELECT count(*) FROM attempts WHERE outcome = 'retried' AND cause = 'killed'")
    check("a worker is killed: retried", code == 0, killed == [(1,)], states(s) == {"done": 2})

with Sweep() as s:  # what one run was told to keep, the next one does not take away
    checkpoints = lambda: len(list((s.folder / "t-files/checkpoints").iterdir()))
    kept = s.run("output.keep_checkpoints=true") == 0 and checkpoints()
    check("kept checkpoints stay", kept == 2, s.run() == 0, checkpoints() == 2, s.run("training.seeds=[1]") == 0, checkpoints() == 2)

for job in ("prepare", "preflight"):
    with Sweep() as s:
        code = s.run("scheduler.preflight=always", TOY_FAULT="segfault", TOY_JOB=job, TOY_COUNT=s.folder / "count")
        check(f"a {job} dies once: tried again", code == 0, "retry  " in s.log(), states(s) == {"done": 2},
              s.ask("SELECT count(*) FROM attempts") == [(2,)])

with Sweep(NAMES) as s:  # all preflights fail, and it is the machine
    code = s.run("scheduler.preflight=always", "scheduler.retry_crashed=0", TOY_FAULT="segfault", TOY_JOB="preflight")
    check("preflights die in a row: their trials tell", code == 0, s.log().count("FAILED") == 4, states(s) == {"done": 4})

with Sweep(epochs=20) as s:  # somebody edits the database for longer than SQLite waits, and then writes it
    sweep = s.start(TOY_EPOCH_MS=50)
    s.wait_for("SELECT count(*) >= 1 FROM epochs")
    with sqlite3.connect(s.folder / "t.db", isolation_level=None) as held:
        held.execute("BEGIN IMMEDIATE")
        while "another program holds it" not in s.log() and sweep.poll() is None:
            time.sleep(0.05)
        held.execute("COMMIT")
    code = sweep.wait(timeout=60)
    check("the database is held by another program: waited for", code == 0, states(s) == {"done": 2}, not s.orphans())

with Sweep() as s:  # the same trials into another database, at the same time
    sweep = s.start("scheduler.hang_limit=none", TOY_FAULT="hang")
    s.wait_for("SELECT count(*) >= 1 FROM epochs")
    other = s.run("--db", "other.db", out=(s.folder / "other").open("w"))
    said = (s.folder / "other").read_text()
    files = s.run("--db", "other.db", "output.folder=other-files", out=(s.folder / "other").open("w"))
    sweep.send_signal(signal.SIGINT)
    check("another database, the same folder: refused", sweep.wait(timeout=60) == 130, other == 3,
          f"t-files/trials: another sweep is writing to it (process {sweep.pid})" in said, files == 0)

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    with Sweep(epochs=20) as s:
        sweep = s.start()
        s.wait_for("SELECT count(*) >= 2 FROM epochs")
        sweep.send_signal(number)
        code = sweep.wait(timeout=60)
        before = s.ask("SELECT trial, epoch FROM epochs ORDER BY 1, 2")
        stopped = states(s)
        again = s.run()
        check(f"{number.name}: stops with 130, goes on", code == 130, "running" not in stopped, stopped.get("planned"), not s.orphans(),
              again == 0, set(before) <= set(s.ask("SELECT trial, epoch FROM epochs")), states(s) == {"done": 2})

with Sweep() as s:  # the second Ctrl-C does not wait for a worker that does not listen
    sweep = s.start("scheduler.hang_limit=none", TOY_FAULT="deaf")
    s.wait_for("SELECT count(*) >= 1 FROM epochs")
    time.sleep(0.3)
    start = time.monotonic()
    sweep.send_signal(signal.SIGINT)
    while "stopping" not in s.log():
        time.sleep(0.01)
    sweep.send_signal(signal.SIGINT)
    code = sweep.wait(timeout=60)
    check("SIGINT twice: at once", code == 130, time.monotonic() - start < 4.5, not s.orphans())

with Sweep() as s:  # who reads the output goes away
    sweep = s.start(out=subprocess.PIPE)
    sweep.stdout.readline()
    sweep.stdout.close()
    code = sweep.wait(timeout=60)
    check("broken pipe: the sweep goes on", code == 0, states(s) == {"done": 2})

for what in ("deleted", "replaced"):
    with Sweep(epochs=20) as s, Sweep() as other:
        other.run()
        sweep = s.start()
        s.wait_for("SELECT count(*) >= 22 FROM epochs")
        if what == "replaced":
            os.replace(other.folder / "t.db", s.folder / "t.db")
        for ending in ("", "-wal", "-shm")[what == "replaced":]:
            (s.folder / f"t.db{ending}").unlink()
        code = sweep.wait(timeout=60)
        orphans = s.orphans()
        again = s.run()
        check(f"database {what}: stops plainly, nothing is lost", code == 3, f"t.db: {what} while it was in use" in s.log(), not orphans,
              again == 0, "in the database again" in s.log(), s.ask("SELECT count(*) FROM leaderboard WHERE epochs = 20") == [(2,)],
              min(s.ask("SELECT attempt FROM trials WHERE epochs = 20")) == (1,))

with Sweep(NAMES) as s:  # every trial fails at once, and so does the known model
    code = s.run("scheduler.retry_crashed=0", TOY_FAULT="segfault@0")
    check("a sick device: quarantine, the trials wait", code == 3, states(s) == {"planned": 4},
          s.ask("SELECT device FROM quarantines") == [("cpu",)], "3 trials and a known model failed on cpu" in s.log(),
          s.run() == 0, states(s) == {"done": 4})

with Sweep(NAMES) as s:  # every trial fails at once, and the known model works
    code = s.run("scheduler.retry_crashed=0", TOY_FAULT="segfault@0", TOY_SPARES="canary")
    check("sick trials: the device is used on", code == 1, states(s) == {"failed": 4}, s.ask("SELECT count(*) FROM quarantines") == [(0,)],
          "works; it is the trials" in s.log())

library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
if os.path.exists(library):  # the wall clock jumps a day forth and back; limits are by the steady one
    with Sweep(epochs=20) as s:
        (s.folder / "clock").write_text("+0")
        sweep = s.start("scheduler.budget=10m", "scheduler.hang_limit=10m", "scheduler.trial_time_limit=10m", LD_PRELOAD=library,
                        FAKETIME_TIMESTAMP_FILE=s.folder / "clock", FAKETIME_NO_CACHE=1, FAKETIME_DONT_FAKE_MONOTONIC=1)
        for epochs, jump in ((3, "+1d"), (25, "-2d")):
            s.wait_for(f"SELECT count(*) >= {epochs} FROM epochs")
            (s.folder / "clock").write_text(jump)
        code = sweep.wait(timeout=60)
        days = s.ask("SELECT count(DISTINCT date(started_at)) + count(DISTINCT date(ended_at)) FROM attempts")
        check("the clock jumps: nobody notices", code == 0, states(s) == {"done": 2}, days[0][0] > 2)
else:
    print("skipped: the clock jumps (apt-get install faketime)")

end()
