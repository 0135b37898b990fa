#!/usr/bin/env python3
"""Milliseconds of CPU an image for each augmentation, from stored bytes to a normalised batch of 64 at 224 pixels:
archsweep's beside fastai's, timm's and torchvision's own on one thread. They take turns. Is no test.

    tests/bench/augment.py build/bin/augment_bench [--repeats 3] [--batches 5]

Python with torch, torchvision, fastai and timm: $BENCH_PYTHON, or this one.
"""
import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

THEIRS = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
from PIL import Image
from torchvision import transforms as t
from fastai.vision.augment import TensorImage, aug_transforms
from timm.data import create_transform
torch.set_num_threads(1)
random = np.random.default_rng(1)
stored = 100 + np.arange(256)[None, None, :, None] // 2 + random.integers(0, 24, (64, 256, 256, 3))
photos = [Image.fromarray(p.astype(np.uint8)) for p in stored]
mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
end = [t.ToTensor(), t.Normalize(mean, std)]
centre = [t.CenterCrop(224)]
zoomed = [t.RandomResizedCrop(224, scale=(0.35, 1)), t.RandomHorizontalFlip()]
each = lambda steps: lambda: torch.stack([t.Compose(steps)(p) for p in photos])
bytes_ = torch.stack([t.functional.pil_to_tensor(t.CenterCrop(224)(p)) for p in photos])
m, s = (torch.tensor(v).view(1, 3, 1, 1) for v in (mean, std))
steps = aug_transforms()
def fastai():
    x = TensorImage(bytes_.float().div_(255))
    for step in steps: x = step(x, split_idx=0)
    return (x - m) / s
ways = {"none": each(centre + end), "light": each([t.RandomCrop(256, 4)] + zoomed[1:] + centre + end), "fastai": fastai,
        "timm": each([create_transform(224, is_training=True)]), "trivial": each(zoomed + [t.TrivialAugmentWide()] + end),
        "rand_augment": each(centre + [t.RandAugment()] + end), "auto_augment": each(centre + [t.AutoAugment()] + end),
        "augmix": each(centre + [t.AugMix()] + end)}
for name, way in ways.items():
    way()
    start = time.process_time()
    for _ in range(int(sys.argv[1])): way()
    print(name, (time.process_time() - start) * 1e3 / 64 / int(sys.argv[1]))
"""

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("program", type=Path)
options.add_argument("--repeats", type=int, default=3)
options.add_argument("--batches", type=int, default=5)
o = options.parse_args()


def run(*command):
    out = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: float(value) for name, value in (line.split() for line in out.splitlines())}


ours, theirs = [], []
for _ in range(o.repeats):
    ours.append(run(o.program.resolve(), o.batches))
    theirs.append(run(os.environ.get("BENCH_PYTHON", sys.executable), "-c", THEIRS, o.batches))
print(f"{'':14}   ours   theirs   ratio   (ms of CPU an image, medians)")
for name in ours[0]:
    mine = statistics.median(r[name] for r in ours)
    if name in theirs[0]:
        peer = statistics.median(r[name] for r in theirs)
        print(f"{name:14} {mine:6.2f} {peer:8.2f} {peer / mine:7.2f}")
    else:
        print(f"{name:14} {mine:6.2f}")
