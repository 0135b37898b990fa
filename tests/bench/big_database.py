#!/usr/bin/env python3
"""How fast the commands that read answer from a big database: 100,000 trials with 10 million epochs, in the schema that
the program makes. Prints medians of the whole process, wall and CPU; ends with 1 where CPU time is over its limit.

    tests/bench/big_database.py build/bin [--trials 100000] [--epochs 100] [--repeats 9] [--keep FILE.db]
"""
import argparse
import os
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("programs", type=Path)
options.add_argument("--trials", type=int, default=100_000)
options.add_argument("--epochs", type=int, default=100, help="of each trial")
options.add_argument("--repeats", type=int, default=9)
options.add_argument("--keep", type=Path, help="make the database here, or use the one that is here")
o = options.parse_args()
root = Path(__file__).resolve().parents[2]
archsweep = (o.programs / "archsweep").resolve()

# Arguments after the database, and the limit in milliseconds.
QUESTIONS = {
    "query start-up": (["query", "SELECT 1"], 10),
    "frontier": (["frontier"], 50),
    "frontier --where on its axes": (["frontier", "--where", "latency < 0.002"], 50),
    "frontier --where on another column": (["frontier", "--where", "parameters < 2e7"], None),
    "frontier --max-memory": (["frontier", "--max-memory", "2GB"], None),
    "frontier --family": (["frontier", "--family", "family_1*"], None),
    "frontier --x throughput": (["frontier", "--x", "throughput"], None),
    "frontier --x fit_time --y error": (["frontier", "--x", "fit_time", "--y", "error"], None),
    "frontier --by family": (["frontier", "--by", "family"], None),
    "frontier --over-time": (["frontier", "--over-time"], None),
    "leaderboard": (["leaderboard"], 50),
    "leaderboard --where": (["leaderboard", "--where", "latency < 0.002"], 50),
    "leaderboard --sort score": (["leaderboard", "--sort", "score"], None),
    "leaderboard --sort latency": (["leaderboard", "--sort", "latency"], None),
    "diff": (["diff", "3", "4"], None),
    "status": (["status"], None),
}


def make_empty(folder):
    """By a sweep whose only trial has a worker that does nothing."""
    for kind in "ab":
        (folder / "photos" / kind).mkdir(parents=True)
        for i in range(2):
            shutil.copy(root / "tests/data/images/rgb.png", folder / "photos" / kind / f"{i}.png")
    (folder / "sweep.yaml").write_text("dataset: {kind: image_folder, root: photos, image_size: 32}\narchitectures: [test_resnet]\n"
                                       "scheduler: {device: cpu, threads: 1}\n")
    subprocess.run([archsweep, "run", "sweep.yaml", "--db", "empty.db"], cwd=folder, capture_output=True,
                   env={**os.environ, "ARCHSWEEP_TRIAL": shutil.which("false")})
    return folder / "empty.db"


def fill(path):
    """Architectures that trade speed for accuracy, each with ten learning rates and three seeds; two machines."""
    random.seed(1)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; DELETE FROM sweep_trials; DELETE FROM trials; "
                     "DELETE FROM attempts; DELETE FROM sweeps")
    db.execute("INSERT INTO sweeps (sweep, name, config_path, config, started_at, ended_at, outcome) VALUES (1, 'big', 'big.yaml', '', '2026-01-01T00:00:00.000Z', NULL, NULL)")
    db.executemany("INSERT OR REPLACE INTO comparability_keys VALUES (?, ?)", [
        ("a" * 12, "photos, 5000 training and 1000 validation images, 224 px, 100 epochs, recipe abcdef"),
        ("b" * 12, "Big GPU, 570.00, bfloat16, channels_last, 224 px, 1 thread, LibTorch 2.15.0, timing protocol 1"),
        ("c" * 12, "Small GPU, 570.00, bfloat16, channels_last, 224 px, 1 thread, LibTorch 2.15.0, timing protocol 1")])

    def trials():
        for t in range(1, o.trials + 1):
            yield (t, f"{t:064x}", "done", f"architecture_{t // 30 % 3400}", f"family_{t // 30 % 25}", 10 ** -(1 + t // 3 % 10 / 3), t % 3,
                   o.epochs, 224, "r" * 64, '{"architecture": "x", "training": {"epochs": 100}}', 1)

    db.executemany("INSERT INTO trials (trial, fingerprint, state, architecture, family, learning_rate, seed, epochs, image_size, "
                   "recipe_hash, spec, attempt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", trials())
    db.execute("INSERT INTO sweep_trials SELECT 1, trial, trial FROM trials")
    db.execute("INSERT INTO attempts (trial, attempt, started_at, device, journal, outcome) "
               "SELECT trial, 1, '2026-01-01T00:00:00.000Z', 'cuda:0', 'j', 'done' FROM trials")

    def results():
        for t in range(1, o.trials + 1):
            size = t // 30 % 3400 / 3400
            rate = t // 3 % 10
            latency = 0.0005 * 20**size * random.gauss(1, 0.01)
            waste = t // 30 * 7919 % 997 / 997  # most designs are behind the best of their speed
            top1 = 0.6 + 0.3 * size**0.5 - 0.1 * waste - 0.01 * abs(rate - 4) + random.gauss(0, 0.004)
            yield (t, 1, "sweep", f"architecture_{t // 30 % 3400}||{10 ** -(1 + rate / 3):.17g}", f"architecture_{t // 30 % 3400}", "",
                   f"family_{t // 30 % 25}", "photos", 10 ** -(1 + rate / 3), t % 3, o.epochs, 224, top1, latency, latency * 0.99,
                   latency * 1.01, 3 / latency, 2.97 / latency, 3.03 / latency, 100 + 900 * size, 110 + 950 * size, 1e9 + 7e9 * size, 5e8, int(5e6 * 20**size),
                   "bfloat16", "channels_last", "s" * 64, "Big GPU", ("c" if t % 10 == 9 and t // 30 % 2 else "b") * 12, "a" * 12,
                   time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1.7e9 + 60 * t)))

    db.executemany("INSERT INTO results (trial, attempt, source, experiment, architecture, tag, family, dataset, learning_rate, seed, "
                   "epochs, image_size, top1, latency, latency_low, latency_high, throughput, throughput_low, throughput_high, train_seconds, fit_time, "
                   "train_memory_bytes, inference_memory_bytes, parameters, dtype, layout, split_hash, device_name, speed_key, "
                   "accuracy_key, finished_at) VALUES (" + ", ".join("?" * 31) + ")", results())
    samples = "[" + ", ".join(f"{random.gauss(0.001, 1e-5):.9g}" for _ in range(60)) + "]"
    db.execute("INSERT INTO measurements (trial, attempt, kind, batch_size, dtype, layout, image_size, protocol, p50, p90, p99, "
               "samples_per_second, seconds) SELECT trial, 1, kind, 1, 'bfloat16', 'channels_last', 224, 1, latency, latency, latency, "
               "throughput, ? FROM results, (SELECT 'latency' AS kind UNION ALL SELECT 'throughput')", [samples])
    db.execute("WITH RECURSIVE n(e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM n WHERE e < ?) "
               "INSERT INTO epochs SELECT trial, 1, e, 1.0 / e, 0.5, 1.0 / e, top1, 0.9, 1e-3, 10, 1, 500, 0.01 FROM results, n", [o.epochs])
    db.commit()
    db.close()


def ask(arguments, database):
    """Milliseconds of a whole process: wall, user + system."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([archsweep, arguments[0], database, *arguments[1:]], capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr}")
    return 1e3 * wall, 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


with tempfile.TemporaryDirectory() as folder:
    database = o.keep or Path(folder) / "big.db"
    if not database.exists():
        shutil.copy(make_empty(Path(folder)), database)
        fill(database)
    print(f"{database}: {os.path.getsize(database) / 1e9:.2f} GB")
    failed = False
    for name, (arguments, limit) in QUESTIONS.items():
        times = [ask(arguments, database) for _ in range(o.repeats)]
        wall, cpu = (statistics.median(column) for column in zip(*times))
        over = limit is not None and cpu > limit
        failed |= over
        print(f"{name:36} {wall:7.1f} ms wall {cpu:7.1f} ms CPU{f'   limit {limit} ms' if limit else ''}{'   OVER' if over else ''}", flush=True)
sys.exit(failed)
