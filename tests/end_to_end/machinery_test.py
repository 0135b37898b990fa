#!/usr/bin/env python3
"""The machinery around a trial: hundreds of trials that do nothing, each in a process of its own, in little memory, while
the server that forks them is killed; a worker of another version; and what a forked worker is like from outside.

    machinery_test.py ARCHSWEEP SOURCE_ROOT
"""
import array
import csv
import ctypes
import io
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

archsweep = Path(sys.argv[1]).resolve()
worker = archsweep.parent / "archsweep-trial"
bench = archsweep.parent.parent / "tests" / "machinery_bench"
TRIALS = 300
MOST_MIB = 200
TITLE_BYTES = 101  # of ForkRequest


def words(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, what):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    sys.exit(f"waited in vain: {what}")


def servers(scheduler):
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    return [p for p in pids if words(p)[1:2] == [b"fork-server"] and parent(p) == scheduler]


def a_sweep_of_nothing(folder):
    run = subprocess.Popen([bench, str(TRIALS), folder], env={**os.environ, "ARCHSWEEP_TRIAL": str(worker)},
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    killed = set()
    kill_after = [0, TRIALS // 4, TRIALS - 40]  # trials; after the third server no other is started
    while run.poll() is None:
        begun = len(list(folder.glob("files/trials/*.jsonl")))
        for pid in servers(run.pid):
            if pid not in killed and begun >= kill_after[len(killed)]:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
    said = run.stderr.read()
    print(said.strip())
    assert run.returncode == 0, said
    assert len(killed) == len(kill_after), f"{len(killed)} servers were seen and killed"
    assert f"{TRIALS} trials, {TRIALS} done, 0 failed" in said, said
    assert float(re.search(r"peak memory (\d+) MiB", said)[1]) < MOST_MIB, said

    def table(*command):
        out = subprocess.run([archsweep, *command, "--format", "csv"], check=True, capture_output=True, text=True).stdout
        return list(csv.DictReader(io.StringIO(out)))

    database = folder / "machinery.db"
    rows = table("query", database, "SELECT architecture, lr, seed FROM leaderboard")
    assert len({tuple(row.values()) for row in rows}) == len(rows) == TRIALS, len(rows)
    assert len(table("leaderboard", database)) > 0
    assert [row["state"] for row in table("status", database)] == ["done"] * TRIALS
    attempts = table("query", database, "SELECT count(*) AS n, count(DISTINCT pid) AS pids FROM attempts WHERE outcome = 'done'")
    assert attempts == [{"n": str(TRIALS), "pids": str(TRIALS)}], attempts


class Server:
    """A fork server, as the scheduler sees it."""

    def __init__(self):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def child():
            os.dup2(theirs.fileno(), 3)
            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG

        self.process = subprocess.Popen([worker, "fork-server", " " * 100], stdin=subprocess.DEVNULL, preexec_fn=child,
                                        close_fds=False)
        theirs.close()
        self.hello = json.loads(self.ours.recv(4096))

    def fork(self, job, events, output, title):
        status, told = os.pipe()
        self.ours.sendmsg([struct.pack(f"i{TITLE_BYTES}s3x", os.getpid(), title)],
                          [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [job, events, output, told]))])
        os.close(told)
        said = os.read(status, 4)
        os.close(status)
        assert len(said) == 4, "no worker was forked"
        return struct.unpack("i", said)[0]


def another_version(folder, hello):
    """python3 stands for the worker: it runs the file of the name that it is given as a word."""
    hello["environment"]["archsweep"] = "9.8.7"
    (folder / "fork-server").write_text(f"import socket, time\nsocket.socket(fileno=3).send({json.dumps(hello)!r}.encode())\n"
                                        "time.sleep(600)\n")
    other = shutil.which("python3")
    run = subprocess.run([bench, "1", folder], cwd=folder, env={**os.environ, "ARCHSWEEP_TRIAL": other}, capture_output=True,
                         text=True)
    assert run.returncode == 3, (run.returncode, run.stderr)
    version = subprocess.run([archsweep, "--version"], capture_output=True, text=True).stdout.split()[1]
    for word in [other, "9.8.7", version]:
        assert word in run.stderr and run.stderr.count("\n") == 1, run.stderr
    old = folder / "old"
    old.write_text("#!/bin/sh\necho archsweep-trial 9.8.7, LibTorch 1\n")
    old.chmod(0o755)
    doctor = subprocess.run([archsweep, "doctor"], env={**os.environ, "ARCHSWEEP_TRIAL": str(old)}, capture_output=True, text=True)
    assert doctor.returncode == 3 and f"{old} is archsweep-trial 9.8.7" in doctor.stdout, doctor.stdout


def a_forked_worker(folder, server):
    job, job_end = os.pipe()
    events, events_end = os.pipe()
    log = os.open(folder / "log", os.O_RDWR | os.O_CREAT)
    leak = os.open("/dev/null", os.O_RDONLY)
    pid = server.fork(job, events_end, log, b"train resnet18")
    os.close(events_end)
    # It waits for its job.
    assert parent(pid) == os.getpid() and os.getpgid(pid) == pid
    wait_until(lambda: words(pid)[1:2] == [b"train resnet18"], f"a title for {words(pid)}")
    assert words(pid)[0] == str(worker).encode()
    wait_until(lambda: sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2", "3"], "no other descriptors")
    status = Path(f"/proc/{pid}/status").read_text()
    assert re.search(r"^Threads:\s+1$", status, re.M), status
    for mask in ["SigBlk", "SigIgn"]:
        # Above 31 are those of real time: glibc keeps 32 and 33, as whoever started all this left them.
        assert int(re.search(rf"^{mask}:\s+(\w+)$", status, re.M)[1], 16) & 0x7FFFFFFF == 0, status
    spec = json.loads(next(folder.glob("files/trials/*.json")).read_text())
    os.write(job_end, json.dumps({**spec, "kind": "nothing", "journal": ""}).encode())
    os.close(job_end)
    with open(events) as lines:
        assert [json.loads(line)["event"] for line in lines] == ["hello", "done"]
    assert os.waitpid(pid, 0)[1] == 0
    os.close(leak)


def a_dead_scheduler():
    told, tell = os.pipe()
    scheduler = os.fork()
    if scheduler == 0:
        server = Server()
        job, _job_end = os.pipe()
        pid = server.fork(job, os.open("/dev/null", os.O_WRONLY), os.open("/dev/null", os.O_WRONLY), b"")
        os.write(tell, struct.pack("2i", server.process.pid, pid))
        time.sleep(600)
    left = struct.unpack("2i", os.read(told, 8))
    assert all(is_alive(pid) for pid in left)
    os.kill(scheduler, signal.SIGKILL)
    os.waitpid(scheduler, 0)
    wait_until(lambda: not any(is_alive(pid) for pid in left), "the end of a server and a worker without a scheduler")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    sweep = folder / "sweep"
    sweep.mkdir()
    a_sweep_of_nothing(sweep)
    server = Server()
    a_forked_worker(sweep, server)
    server.process.kill()
    server.process.wait()
    another_version(folder, server.hello)
a_dead_scheduler()
print("every trial in a process of its own, under one scheduler")
