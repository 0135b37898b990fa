#!/usr/bin/env python3
"""Images a second of archsweep's loader beside torchvision's: random resized crop and flip at 224 pixels, two threads
or two worker processes, on the same photos. They take turns, so that a busy machine is busy for both. Is no test.

    tests/bench/loader.py build/bin/loader_bench FOLDER [--repeats 3]

FOLDER: a folder a class, or train/CLASS. Python with torch and torchvision: $BENCH_PYTHON, or this one.
"""
import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

THEIRS = """
import sys, time
import torch, torchvision
from torchvision import transforms as t
torch.set_num_threads(1)
data = torchvision.datasets.ImageFolder(sys.argv[1], t.Compose([
    t.RandomResizedCrop(224), t.RandomHorizontalFlip(), t.ToTensor(), t.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]))
loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True, num_workers=2, persistent_workers=True)
for _ in loader: pass  # the workers start
start, images = time.perf_counter(), 0
for _ in range(3):
    for batch, labels in loader: images += len(labels)
print(images / (time.perf_counter() - start))
"""

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("program", type=Path)
options.add_argument("folder", type=Path)
options.add_argument("--repeats", type=int, default=3)
o = options.parse_args()
train = o.folder / "train" if (o.folder / "train").is_dir() else o.folder


def run(*command):
    return float(subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)


rates = {"torchvision": [], "decode": [], "cached": []}
for _ in range(o.repeats):
    rates["torchvision"].append(run(os.environ.get("BENCH_PYTHON", sys.executable), "-c", THEIRS, train))
    for mode in ("decode", "cached"):
        rates[mode].append(run(o.program.resolve(), train, mode))
theirs = statistics.median(rates["torchvision"])
for name, all_rates in rates.items():
    middle = statistics.median(all_rates)
    print(f"{name:12} {middle:8.0f} images/s   {middle / theirs:5.2f} x   {' '.join(f'{r:.0f}' for r in all_rates)}")
