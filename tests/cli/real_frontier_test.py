#!/usr/bin/env python3
"""The frontier that is printed for timm's tables and for the fine-tuning study's runs is the Pareto frontier of the numbers
in the CSV files, computed here pair by pair and exactly: the same rows in the same order, ties included. Over the excerpts
of tests/data/timm, and over the whole tables where ../shared has them. The published numbers seldom tie, so it is asked
again of copies in which they often do: rounded, and with a second tag of the same accuracy for every architecture.

    real_frontier_test.py ARCHSWEEP SOURCE_ROOT
"""
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from statistics import mean, median

program, root = Path(sys.argv[1]), Path(sys.argv[2])
failed = False
# Axes as the command names them: column of the CSV file (without infer_ or train_), whether less is better.
SPEEDS = {"infer": {"throughput": ("samples_per_sec", False), "seconds_per_sample": ("samples_per_sec", False),
                    "macs": ("gmacs", True), "activations": ("macts", True), "params": ("param_count", True)},
          "train": {"train_throughput": ("samples_per_sec", False), "params": ("param_count", True)}}
QUALITIES = {"top1": ("top1", False), "error": ("top1_err", True), "top5": ("top5", False)}
# Metrics that need no speed are told of every file's rows: only these rows are asked for.
ANYWHERE = {"macs", "activations", "params"}


def check(what, got, expected):
    global failed
    if got != expected:
        failed = True
        print(f"{what}: {len(got)} rows, expected {len(expected)}")
        for word, rows in (("not expected", Counter(got) - Counter(expected)), ("missing", Counter(expected) - Counter(got))):
            print(f"  {word}: {list(rows)[:5]}")
        if Counter(got) == Counter(expected):
            print(f"  in another order: {next((g, e) for g, e in zip(got, expected) if g != e)}")


def archsweep(*arguments):
    done = subprocess.run([program, *arguments, "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"archsweep {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return Decimal(text.replace(",", ""))


def pareto(points):
    """Those that none beats: none is as good on both axes and better on one. Costs and qualities; every pair is looked at."""
    return [p for p in points if not any(q[0] <= p[0] and q[1] >= p[1] and q[:2] != p[:2] for q in points)]


def in_order(names, costs):
    """With those side by side that cost the same sorted by name."""
    return [name for _, tied in groupby(names, costs.get) for name in sorted(tied)]


def write(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def with_ties(paths, folder):
    """Copies: every accuracy under a second tag too, accuracies in whole percents, speeds in two digits."""
    copies = []
    for path in paths:
        rows = table(path)
        if path.name.startswith("results-"):
            for row in rows:
                row["top1"], row["top5"] = f"{number(row['top1']):.0f}", f"{number(row['top5']):.0f}"
                row["top1_err"], row["top5_err"] = 100 - int(row["top1"]), 100 - int(row["top5"])
            rows += [{**row, "model": row["model"].partition(".")[0] + ".twin"} for row in {
                (row["model"].partition(".")[0], row["img_size"]): row for row in rows}.values()]
        else:
            speed = f"{path.name.split('-')[1]}_samples_per_sec"
            for row in rows:
                row[speed] = int(float(f"{float(row[speed]):.1e}"))
            rows = [row for row in rows if row[speed]]
        copies.append(folder / path.name)
        write(copies[-1], rows)
    return copies


def image_models(paths, folder):
    """How many frontiers were compared, and how many of their rows tie with another on both axes."""
    database = folder / "world.db"
    subprocess.run([program, "import", database, *paths], check=True, stdout=subprocess.DEVNULL)
    accuracies = [(*(a["model"].split(".", 1) + [""])[:2], a["img_size"], a) for a in table(next(
        p for p in paths if p.name.startswith("results-")))]
    compared = ties = 0
    for path in paths:
        if not path.name.startswith("benchmark-"):
            continue
        part = path.name.split("-")[1]
        speeds = {(s["model"], s[f"{part}_img_size"]): s for s in table(path)}
        joined = [(a, tag, int(size), row, speeds[a, size]) for a, tag, size, row in accuracies if (a, size) in speeds]
        key, = (row["key"] for row in archsweep("query", database, "SELECT key FROM comparability_keys WHERE description "
                                                                   f"LIKE '%{path.name}'"))
        for x, (column, x_less) in SPEEDS[part].items():
            for y, (quality, y_less) in QUALITIES.items():
                points = []
                for architecture, tag, size, accuracy, speed in joined:
                    cost = speed.get(f"{part}_{column}") or (accuracy if column == "param_count" else speed).get(column)
                    if cost:
                        points.append((number(cost) * (1 if x_less else -1), number(accuracy[quality]) * (-1 if y_less else 1),
                                       architecture, tag, size))
                expected = pareto(points)
                options = ["--where", f"speed_key = '{key}'"] if x in ANYWHERE else ["--speed-key", key]
                got = [row for row in archsweep("frontier", database, "--x", x, "--y", y, *options) if row["on_frontier"] == "yes"]
                # By cost, as printed; those that tie stand in any order.
                costs = {p[2:]: p[0] for p in expected}
                names = [(row["architecture"], row.get("tag") or "", row["image_size"]) for row in got]
                check(f"{path.name}, {x}, {y}", [(costs.get(name), *name) for name in in_order(names, costs)],
                      sorted((p[0], *p[2:]) for p in expected))
                compared += 1
                ties += sum(n for n in Counter(p[:2] for p in expected).values() if n > 1)
    return compared, ties


def fine_tuning(path, folder):
    """Runs of a model on a data set stand together: mean error, median of the cost."""
    database = folder / "study.db"
    subprocess.run([program, "import", database, path], check=True, stdout=subprocess.DEVNULL)
    runs = table(path)
    compared = 0
    for dataset in ("pets", "planet"):
        for x, column in (("fit_time", "fit_time"), ("memory", "GPU_mem")):
            grouped = defaultdict(list)
            for run in runs:
                if run["dataset"] == dataset and not {"", "NaN"} & {run[column], run["error_rate"]}:
                    grouped[run["model_name"]].append((Fraction(run[column]), Fraction(run["error_rate"])))
            expected = sorted(pareto([(median(c for c, _ in values), -mean(e for _, e in values), model)
                                      for model, values in grouped.items()]))
            got = archsweep("frontier", database, "--x", x, "--y", "error", "--where", f"dataset = '{dataset}'")
            check(f"{path.name}, {dataset}, {x}", [(row["architecture"], row["seeds"]) for row in got if row["on_frontier"] == "yes"],
                  [(model, len(grouped[model])) for *_, model in expected])
            compared += 1
    return compared


for source in (root / "tests/data/timm", root.parent / "shared/data/timm"):
    if not source.exists():
        print("../shared/data is not here: its whole tables are skipped")
        continue
    with tempfile.TemporaryDirectory() as folder:
        real, tied = Path(folder) / "real", Path(folder) / "tied"
        real.mkdir(), tied.mkdir()
        paths = sorted(p for p in source.glob("*.csv") if "fastai" not in p.name)
        compared, ties = image_models(paths, real)
        again, more_ties = image_models(with_ties(paths, tied), tied)
        if more_ties < 30:
            failed = True
            print(f"only {more_ties} rows tie: ties are hardly compared")
        runs = next(p for p in (source / "fastai_timm.csv", source.parent / "fastai_timm.csv") if p.exists())
        print(f"{source}: {compared} frontiers compared, {ties} of their rows tie; {again} of copies, where {more_ties} tie; "
              f"{fine_tuning(runs, real)} of fine-tuning")
sys.exit(failed)
