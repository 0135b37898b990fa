#!/usr/bin/env python3
"""Images a second of training, beside Python timm: as it comes (contiguous float32, its optimizer's loop), and tuned
(channels_last, fused optimizer). All sides take turns within a round, each in a process of its own, so that a busy machine
is busy for all; a ratio is taken within a round, and the median and the spread of the rounds are shown. Is no test.

    tests/bench/train_speed.py build/bin [--rounds 5] [--threads 2] [--size 224] [--batch 32] [--images 160] [--names A,B]

Python with torch and timm: $BENCH_PYTHON, or python3 on PATH. Exit code 1 where the medians miss the goal: as both come (of
archsweep the faster precision, as precision: auto takes it) 1.5 times timm, and with float32 on both sides no more than 3 %
slower than timm tuned.
"""
import argparse
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("programs", type=Path)
options.add_argument("--names", default="resnet18,mobilenetv3_small_100,efficientnet_b0")
for name, value in {"rounds": 5, "threads": 2, "size": 224, "batch": 32, "images": 160}.items():
    options.add_argument("--" + name, type=int, default=value)
options.add_argument("--optimizer", choices=["sgd", "adamw"], default="sgd")
o = options.parse_args()
o.names = o.names.split(",")
archsweep = (o.programs / "archsweep").resolve()
python = os.environ.get("BENCH_PYTHON", "python3")
environment = {**os.environ, "OMP_NUM_THREADS": str(o.threads), "NO_COLOR": "1"}
GREY = 32  # validation images, which the goal does not count


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def write_images(folder):
    """Random colour images of ten classes, as CIFAR-10's binary files cannot have them at this size: IDX is grey."""
    folder.mkdir()
    random.seed(1)
    count = o.images + GREY
    (folder / "train-images-idx3-ubyte").write_bytes(
        struct.pack(">IIII", 0x803, count, o.size, o.size) + random.randbytes(count * o.size**2))
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))


def ours(precision):
    """Samples per second of the second epoch: the first warms up."""
    def measure(name, number):
        database = f"{name}-{precision}-{number}.db"
        run(archsweep, "run", "bench.yaml", "--db", database, "--set", f"architectures=[{name}]",
            "--set", f"training.precision={precision}", "--set", f"output.folder=files-{precision}-{number}")
        rows = json.loads(run(archsweep, "query", database,
                              "SELECT samples_per_second, r.dtype FROM epochs JOIN results r USING (trial) WHERE epoch = 2",
                              "--format", "json"))
        return rows[0]["samples_per_second"]
    return measure


def theirs(layout, fused):
    return lambda name, number: float(run(python, Path(__file__).with_name("timm_epoch.py").resolve(), json.dumps(
        {**vars(o), "programs": "", "name": name, "layout": layout, "fused": fused})))


SIDES = {"timm": theirs("contiguous", False), "timm tuned": theirs("channels_last", True),
         "archsweep float32": ours("float32"), "archsweep bfloat16": ours("bfloat16")}

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    write_images(Path("images"))
    Path("bench.yaml").write_text(f"""
dataset: {{kind: idx, root: images, image_size: {o.size}, channels: 3, resize: pad, valid_fraction: {GREY / (o.images + GREY)}}}
architectures: [{o.names[0]}]
training: {{epochs: 2, batch_size: {o.batch}, optimizer: {o.optimizer}, momentum: 0.9, weight_decay: 2e-5}}
learning_rate: 1e-3
measurement: {{enabled: false}}
scheduler: {{device: cpu, threads: {o.threads}, preflight: never}}
""")
    rates = {name: {side: [] for side in SIDES} for name in o.names}
    for number in range(o.rounds):
        for name in o.names:
            order = list(SIDES)
            for side in order[number % len(order):] + order[:number % len(order)]:
                rates[name][side].append(SIDES[side](name, number))
            print(f"round {number + 1} {name}: " + "  ".join(f"{s} {r[-1]:.1f}" for s, r in rates[name].items()), flush=True)

missed = False
print(f"\nimages a second, {o.size} px, batch {o.batch}, {o.threads} threads, {o.optimizer}: median of {o.rounds} rounds; "
      "ratios: median (least to most)")
print(f"{'':<24}{'side':<20}{'images/s':>9}   {'of timm':<22}of timm tuned")
for name, sides in rates.items():
    for side, values in sides.items():
        def ratios(base):
            return [a / b for a, b in zip(values, sides[base])]
        text = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in (ratios("timm"), ratios("timm tuned"))]
        print(f"{name:<24}{side:<20}{statistics.median(values):9.1f}   {text[0]:<22}{text[1]}")
        if side == "archsweep float32":
            missed |= statistics.median(ratios("timm tuned")) < 0.97
    missed |= max(statistics.median(a / b for a, b in zip(values, sides["timm"]))
                  for side, values in sides.items() if side.startswith("archsweep")) < 1.5
sys.exit(missed)
