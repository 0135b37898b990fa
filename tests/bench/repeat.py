#!/usr/bin/env python3
"""Whether `archsweep bench` says the same twice: benchmarks in pairs, and how many of the pairs' 95 % intervals overlap,
of each name and batch size. Of 20 pairs on a quiet machine at least 19 must. Prints the counts, how far the medians of a
pair lie apart, and how much others computed meanwhile; exit code 1 where there is less overlap. Is no test: it takes long.

    tests/bench/repeat.py build/bin [--pairs 20] [--names resnet18,mobilenetv3_small_100,test_vit] [--batch-size 1,8]
                          [--image-size 64] [--seconds 0.5] [--rounds 3] [--threads 1] [--device auto]
"""
import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("programs", type=Path)
options.add_argument("--pairs", type=int, default=20)
options.add_argument("--names", default="resnet18,mobilenetv3_small_100,test_vit")
for name, value in {"batch-size": "1,8", "image-size": "64", "seconds": "0.5", "rounds": "3", "threads": "1", "device": "auto"}.items():
    options.add_argument("--" + name, default=value)
o = options.parse_args()

command = [(o.programs / "archsweep").resolve(), "bench", *o.names.split(","), "--format", "json"]
for name in ("batch_size", "image_size", "seconds", "rounds", "threads", "device"):
    command += ["--" + name.replace("_", "-"), getattr(o, name)]
overlap, apart, width = defaultdict(int), defaultdict(list), defaultdict(list)
with tempfile.TemporaryDirectory() as folder:
    for pair in range(o.pairs):
        runs = []
        for _ in range(2):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"exit {done.returncode}\n{done.stderr[-2000:]}")
            runs.append({(row["model"], row["batch"]): row for row in json.loads(done.stdout)})
        for key, a in runs[0].items():
            b = runs[1][key]
            overlap[key] += a["low"] <= b["high"] and b["low"] <= a["high"]
            apart[key].append(abs(a["ms"] - b["ms"]) / min(a["ms"], b["ms"]))
            width[key] += [(row["high"] - row["low"]) / 2 / row["ms"] for row in (a, b)]
        print(f"pair {pair + 1}: " + "  ".join(f"{n} {s}: {c}/{pair + 1}" for (n, s), c in overlap.items()), flush=True)
    others = [value for value, in sqlite3.connect(Path(folder) / "bench.db").execute(
        "SELECT json_extract(conditions, '$.others_busy_cores') FROM measurements") if value is not None]
print(f"\n{'':28} overlap  medians apart  half width of the interval")
for key in overlap:
    print(f"{key[0]:22} {key[1]:4}  {overlap[key]:3}/{o.pairs:<3}  {statistics.median(apart[key]):12.1%}  {statistics.median(width[key]):12.1%}")
print(f"others computed on {statistics.median(others):.2f} cores meanwhile (median)" if others else "")
sys.exit(any(count < 0.95 * o.pairs for count in overlap.values()))
