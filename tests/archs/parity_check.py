#!/usr/bin/env python3
"""Compares architectures with timm's recorded numbers, a line a name that differs.

  parity_check.py PROGRAMS REFERENCE [GLOB...] [--min-params 0] [--max-params 120e6] [--train] [--keys]

PROGRAMS   folder of archsweep and archsweep-trial
REFERENCE  folder with reference.jsonl (and train.jsonl, inventory.jsonl, state_keys.zip), or one
           file of such records
--train    losses, gradients and running statistics of two steps instead of logits
--keys     only parameter counts, keys and shapes: for names too large to run; needs the folder

The fill rule and the tolerances are those of the reference's README. Exits 1 where a name differs,
77 where there is no reference.
"""
import argparse
import csv
import fnmatch
import io
import json
import math
import os
import subprocess
import sys
import zipfile
import hashlib
from concurrent.futures import ThreadPoolExecutor


def records(path):
    with open(path) as file:
        return {d['name']: d for d in map(json.loads, file)}


def relative(got, want):
    return math.dist(got, want) / max(math.hypot(*want), 1e-30)


def differences(want, got):
    """Why `got` is not timm's `want`."""
    for key in ('num_params', 'num_state_entries', 'state_sha256'):
        if key in want and got[key] != want[key]:
            yield f'{key} {got[key]}, timm {want[key]}'
    if 'logits0' not in want or 'logits0' not in got:
        return
    if got['output_shape'] != want['output_shape']:
        yield f"output {got['output_shape']}, timm {want['output_shape']}"
        return
    limit = max(2e-5, 20 * want['noise']) if 'noise' in want else 1e-4
    if not set(want.get('flags', [])) & {'nonfinite', 'std', 'input_blind', 'chaotic'}:
        off = relative(got['logits0'] + got['logits1'], want['logits0'] + want['logits1'])
        if not off <= limit:
            yield f'logits off by {off:.2g} of their L2 (limit {limit:.2g})'
        for n in (0, 1):
            off = abs(got['logits_probe'][n] - want['logits_probe'][n]) / want['logits_l2']
            if not off <= limit:
                yield f'logits_probe[{n}] off by {off:.2g} of logits_l2 (limit {limit:.2g})'
        off = abs(got['feature_l2'] / want['feature_l2'] - 1)
        if not off <= limit:
            yield f'feature_l2 off by {off:.2g}'
    if got['feature_shape'] != want['feature_shape']:
        yield f"features {got['feature_shape']}, timm {want['feature_shape']}"
    if got['macs'] != want['macs']:
        yield f"macs {got['macs']}, timm {want['macs']}"


def train_differences(want, got):
    for key in ('losses', 'grad_norm', 'running_stats_l2'):
        pairs = [(got[key], want[key])] if key != 'losses' else list(zip(got[key], want[key]))
        limits = [max(1e-4, 100 * e) for e in want['float32_relative_error']]
        for i, (g, w) in enumerate(pairs):
            limit = limits[i] if key == 'losses' else max(limits)
            if not abs(g - w) <= limit * max(abs(w), 1e-6):
                yield f'{key}[{i}] {g:.9g}, timm {w:.9g}' if key == 'losses' else f'{key} {g:.9g}, timm {w:.9g}'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('programs')
    p.add_argument('reference')
    p.add_argument('globs', nargs='*')
    p.add_argument('--min-params', type=float, default=0)
    p.add_argument('--max-params', type=float, default=120e6)
    p.add_argument('--eval', action='store_true')  # the default
    p.add_argument('--train', action='store_true')
    p.add_argument('--keys', action='store_true')
    p.add_argument('--jobs', type=int, default=1)
    a = p.parse_args()
    if not os.path.exists(a.reference):
        print(f'skipped: no {a.reference}')
        sys.exit(77)
    listed = subprocess.run([f'{a.programs}/archsweep', 'list', '--format', 'csv'], capture_output=True, text=True, check=True)
    have = {row['name'] for row in csv.DictReader(io.StringIO(listed.stdout))}
    wanted = lambda name: not a.globs or any(fnmatch.fnmatchcase(name, g) for g in a.globs)
    if os.path.isdir(a.reference):
        known = records(f"{a.reference}/{'train' if a.train else 'reference'}.jsonl")
        inventory = records(f'{a.reference}/inventory.jsonl')
        if not a.train:
            keys = zipfile.ZipFile(f'{a.reference}/state_keys.zip')
            files = {os.path.basename(f).removesuffix('.txt'): f for f in keys.namelist()}
            for name in have & inventory.keys():  # left out of the reference: keys, shapes and counts
                if name not in known and name in files:
                    known[name] = {'name': name, 'num_params': inventory[name]['params'],
                                   'gain': inventory[name].get('gain', 1),
                                   'state_sha256': hashlib.sha256(keys.read(files[name])).hexdigest()}
        size = lambda name: inventory[name]['params'] if name in inventory else 0
    else:
        known = records(a.reference)
        size = lambda name: known[name].get('num_params', 0)
    names = sorted(n for n in known if n in have and wanted(n) and a.min_params <= size(n) <= a.max_params)
    if not names:
        print('no name of the reference is listed')
        sys.exit(1)

    def one(name):
        words = ['parity'] + (['--train'] if a.train else []) + (['--keys'] if a.keys else [])
        threads = str(max(1, (os.cpu_count() or 1) // a.jobs))
        r = subprocess.run([f'{a.programs}/archsweep-trial', *words, f"{name}={known[name].get('gain', 1)}"],
                           capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': threads})
        lines = [l for l in r.stdout.splitlines() if l.startswith('{')]
        if r.returncode or not lines:
            return name, [f'exit {r.returncode}: {r.stderr.strip()[-300:]}']
        compare = train_differences if a.train else differences
        return name, list(compare(known[name], json.loads(lines[0])))

    bad = 0
    with ThreadPoolExecutor(a.jobs) as pool:
        for name, why in pool.map(one, names):
            if why:
                bad += 1
                print(f'{name}: ' + '; '.join(why), flush=True)
    print(f'{len(names) - bad} of {len(names)} names match')
    sys.exit(bool(bad))


main()
