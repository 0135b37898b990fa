"""Sweeps with the toy worker (toy_worker.cpp): what the tests of the scheduler's faults share."""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

archsweep = Path(sys.argv[1]).resolve()
worker = archsweep.parent.parent / "tests" / "toy_worker"
NAMES = ["test_resnet", "test_vit", "test_convnext", "test_efficientnet"]


class Sweep:
    """A config in a folder of its own."""

    def __init__(self, names=NAMES[:2], epochs=3, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="toy_"))
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "t.yaml").write_text(
            "dataset: {kind: idx, root: data, image_size: 32}\n"
            f"architectures: [{', '.join(names)}]\n"
            f"training: {{epochs: {epochs}}}\n"
            "scheduler: {device: cpu}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["pkill", "-KILL", "-f", self.mark()])
        shutil.rmtree(self.folder, ignore_errors=True)

    def mark(self):
        return f"{self.folder}/toy_worker"

    def start(self, *options, out=None, **env):
        """Popen of `archsweep run`; settings of the toy and the environment by keyword."""
        own = Path(self.mark())  # by its path its processes are found again
        if not own.exists():
            shutil.copy(worker, own)
        return subprocess.Popen(
            [archsweep, "run", "t.yaml", *[w for o in options for w in (["--set", o] if "=" in o else [o])]],
            cwd=self.folder, env={**os.environ, "ARCHSWEEP_TRIAL": str(own), **{k: str(v) for k, v in env.items()}},
            stdout=out or (self.folder / "log").open("a"), stderr=subprocess.STDOUT)

    def run(self, *options, **more):
        return self.start(*options, **more).wait(timeout=120)

    def log(self):
        return (self.folder / "log").read_text()

    def ask(self, sql):
        with sqlite3.connect(f"file:{self.folder}/t.db?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()

    def wait_for(self, sql, seconds=60):
        """Until the query has a row that is not empty."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if (rows := self.ask(sql)) and rows[0][0]:
                    return rows
            except sqlite3.OperationalError:
                pass  # not made yet
            time.sleep(0.01)
        sys.exit(f"never: {sql}\n{self.log()}")

    def orphans(self):
        """Worker processes that are still there a while after the sweep ended."""
        for _ in range(100):
            found = subprocess.run(["pgrep", "-f", self.mark()], capture_output=True, text=True).stdout.split()
            if not found:
                return []
            time.sleep(0.05)
        return found

    def attempts(self, architecture):
        return self.ask("SELECT outcome, cause, message FROM attempts JOIN trials USING (trial) "
                        f"WHERE architecture = '{architecture}' ORDER BY attempts.attempt")


faults = []


def check(name, *conditions):
    wrong = [i for i, condition in enumerate(conditions) if not condition]
    print(f"{'FAILED ' + str(wrong) if wrong else 'ok    '} {name}", flush=True)
    if wrong:
        faults.append(name)


def end():
    sys.exit(f"failed: {', '.join(faults)}" if faults else 0)
