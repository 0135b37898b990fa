#!/usr/bin/env python3
"""How fast archsweep starts, and how fast it trains beside Python timm: same images, batch, size, threads, layout and
optimizer; the two take turns, so that a busy machine is busy for both. Prints medians; is no test.

    tests/bench/run.py build/bin [--repeats 3] [--threads 1] [--images 320] [--size 64] [--batch 32]

Python with torch and timm: $BENCH_PYTHON, or python3 on PATH; without them that column is left out.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ["resnet10t", "mobilenetv3_small_100", "test_vit"]
LAYOUTS = ["contiguous", "channels_last"]

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("programs", type=Path)
options.add_argument("--repeats", type=int, default=3)
options.add_argument("--threads", type=int, default=1)
options.add_argument("--images", type=int, default=320)
options.add_argument("--size", type=int, default=64)
options.add_argument("--batch", type=int, default=32)
o = options.parse_args()
archsweep = (o.programs / "archsweep").resolve()
environment = {**os.environ, "OMP_NUM_THREADS": str(o.threads), "NO_COLOR": "1"}


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def write_images(folder):
    """Random grey images of ten classes as IDX; noise trains as fast as photos."""
    random.seed(1)
    count = o.images + 32
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(
        struct.pack(">IIII", 0x803, count, o.size, o.size) + random.randbytes(count * o.size**2))
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))


def ours(name, layout, number):
    """Training samples per second of the second epoch: the first warms up."""
    database = f"{name}-{layout}-{number}.db"
    run(archsweep, "run", "bench.yaml", "--db", database, "--set", f"architectures=[{name}]", "--set", f"training.layout={layout}")
    return float(run(archsweep, "query", database, "SELECT samples_per_second FROM epochs WHERE epoch = 2", "--format", "csv").split()[1])


def theirs(python, name, layout):
    return float(run(python, Path(__file__).with_name("timm_epoch.py").resolve(),
                     json.dumps({**vars(o), "programs": "", "name": name, "layout": layout})))


def find_python():
    for python in filter(None, [os.environ.get("BENCH_PYTHON"), shutil.which("python3")]):
        if subprocess.run([python, "-c", "import torch, timm"], capture_output=True).returncode == 0:
            return python
    print("no Python with torch and timm (name one by BENCH_PYTHON): that column is left out")


def start_up(database):
    commands = {"archsweep list": ["list"], "archsweep query": ["query", database, "SELECT count(*) FROM leaderboard"]}
    taken = {name: [] for name in commands}
    for _ in range(20):
        for name, words in commands.items():
            begin = time.perf_counter()
            run(archsweep, *words)
            taken[name].append(time.perf_counter() - begin)
    print("\nstart-up             median      best    (20 runs, process start included)")
    for name, seconds in taken.items():
        print(f"{name:<18} {1e3 * statistics.median(seconds):6.1f} ms {1e3 * min(seconds):6.1f} ms")


python = find_python()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    write_images(Path("images"))
    Path("bench.yaml").write_text(f"""
dataset: {{kind: idx, root: images, image_size: {o.size}, resize: pad, valid_fraction: {32 / (o.images + 32)}}}
architectures: [{NAMES[0]}]
training: {{epochs: 2, batch_size: {o.batch}, optimizer: adamw, precision: float32}}
measurement: {{enabled: false}}
scheduler: {{device: cpu, threads: {o.threads}}}
""")
    cases = [(name, layout) for name in NAMES for layout in LAYOUTS]
    rates = {(side, case): [] for side in ("ours", "theirs") for case in cases}
    for number in range(o.repeats):
        for case in cases:
            rates["ours", case].append(ours(*case, number))
            if python:
                rates["theirs", case].append(theirs(python, *case))
    start_up(f"{NAMES[0]}-{LAYOUTS[0]}-0.db")
    print(f"\ntraining samples per second: {o.size} x {o.size}, batch {o.batch}, {o.threads} threads, float32, AdamW, "
          f"medians of {o.repeats} (least to most)")
    print(f"{'':<24}{'layout':<15}{'archsweep':>24}{'timm':>26}{'ratio':>8}")

    def shown(values):
        return f"{statistics.median(values):7.1f} ({min(values):.0f} to {max(values):.0f})" if values else "-"

    for name, layout in cases:
        mine, other = rates["ours", (name, layout)], rates["theirs", (name, layout)]
        ratio = f"{statistics.median(mine) / statistics.median(other):.2f}" if other else "-"
        print(f"{name:<24}{layout:<15}{shown(mine):>24}{shown(other):>26}{ratio:>8}")
