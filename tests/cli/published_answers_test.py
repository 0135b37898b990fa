#!/usr/bin/env python3
"""Published questions give published answers: what `archsweep import` and SQL say of timm's tables and
of the fine-tuning study's runs is compared with the same computed here, from the CSV files alone. Over
the excerpts of tests/data/timm, and over the whole tables where ../shared has them.

    published_answers_test.py ARCHSWEEP SOURCE_ROOT
"""
import csv
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

program, root = Path(sys.argv[1]), Path(sys.argv[2])
failed = 0


def check(what, got, expected):
    global failed
    if got != expected:
        failed = 1
        print(f"{what}: got\n  {got}\nexpected\n  {expected}")


def archsweep(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode or done.stderr:
        sys.exit(f"archsweep {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def query(database, sql):
    return [tuple(row.values()) for row in json.loads(archsweep("query", database, sql, "--format", "json"))]


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def rounded(rows):
    return [tuple(float(f"{x:.9g}") if isinstance(x, float) else x for x in row) for row in rows]


# --- The best vision models for fine-tuning ----------------------------------------------------------

def best_of_runs(runs):
    """dataset -> [(family, model, error, fit_time, GiB, score)], each number's minimum for itself."""
    grouped = defaultdict(list)
    for run in runs:
        family = re.match(r"([a-z]+?(?:v2)?)(?:\d|_|$)", run["model_name"])[1]
        grouped[run["dataset"], "swin" if family == "swinv2" else family, run["model_name"]].append(run)
    best = defaultdict(list)
    for (dataset, family, model), group in grouped.items():
        least = [min((float(r[c]) for r in group if r[c]), default=None) for c in ("error_rate", "fit_time", "GPU_mem")]
        score = None if None in least[:2] else least[0] * (least[1] + 80)
        best[dataset].append((family, model, *least, score))
    return best


def fine_tuning(path, folder):
    database = folder / "study.db"
    archsweep("import", database, path)
    runs = table(path)
    check("runs", query(database, "SELECT dataset, count(*) FROM leaderboard GROUP BY 1 ORDER BY 1"),
          [(d, sum(r["dataset"] == d for r in runs)) for d in ("pets", "planet")])
    check("blanks", query(database, "SELECT sum(error IS NULL), sum(fit_time IS NULL), sum(valid_loss IS NULL), "
                                    "sum(train_memory_bytes IS NULL) FROM leaderboard")[0],
          tuple(sum(r[c] in ("", "NaN") for r in runs) for c in ("error_rate", "fit_time", "valid_loss", "GPU_mem")))
    best = best_of_runs(runs)
    columns = "family, architecture, error, fit_time, train_gib, score"
    # What the error of each data set is a share of: wrong images of 1,478; wrong labels, 17 on each of 200.
    for dataset, parts in (("pets", 1478), ("planet", 17 * 200)):
        shares = [float(r["error_rate"]) * parts for r in runs if r["dataset"] == dataset and r["error_rate"]]
        check(f"{dataset}: errors are parts of {parts}", max(abs(s - round(s)) for s in shares) < 1e-3, True)
    for dataset in ("pets", "planet"):
        scored = sorted((row for row in best[dataset] if row[5] is not None), key=lambda row: row[5])
        check(f"{dataset} by score", rounded(query(
            database, f"SELECT {columns} FROM best_of_runs WHERE dataset = '{dataset}' LIMIT 15")), rounded(scored[:15]))
        # The same, asked of the leaderboard.
        check(f"{dataset} by score, of the leaderboard", rounded(query(
            database, "SELECT family, architecture, min(error), min(fit_time), min(train_memory_bytes) / 1073741824.0, "
                      "min(error) * (min(fit_time) + 80) AS score FROM leaderboard WHERE source = 'import' AND "
                      f"dataset = '{dataset}' GROUP BY family, architecture HAVING score > 0 ORDER BY score LIMIT 15")),
            rounded(scored[:15]))
    for dataset, memory, time in (("pets", 2.7, 110), ("pets", 1.6, 90), ("planet", 2.7, 25), ("planet", 1.6, 21)):
        expected = [row for row in best[dataset] if None not in row[2:5] and row[4] < memory and row[3] < time]
        expected.sort(key=lambda row: (row[2], row[1]))
        check(f"{dataset}: memory < {memory}, fit_time < {time}", rounded(query(
            database, f"SELECT {columns} FROM best_of_runs WHERE dataset = '{dataset}' AND train_gib < {memory} AND "
                      f"fit_time < {time} AND error IS NOT NULL ORDER BY error, architecture")), rounded(expected))
        print(f"{dataset}, memory < {memory} GiB, fit_time < {time} s: {len(expected)} models, "
              f"{', '.join(row[1] for row in expected[:3])}")
    print(f"{path}: {len(runs)} runs; best score: {', '.join(row[1] for row in sorted((r for r in best['pets'] if r[5]), key=lambda r: r[5])[:3])}")


# --- Which image models are best? --------------------------------------------------------------------

def number(text):
    return float(text.replace(",", ""))


def picture_family(architecture, tag):
    family = re.match(r"([a-z]+?(?:v2)?)(?:\d|_|$)", architecture)[1]
    family += "_in22" if "in22" in architecture + "." + tag else ""
    family += "d" if re.search("resnet.*d", architecture) else ""
    return family + ("_gn" if architecture.endswith("gn") else "")


def image_models(paths, folder):
    database = folder / "world.db"
    left = folder / "left.csv"
    archsweep("import", database, *paths, "--unmatched", left)
    results = next(p for p in paths if p.name.startswith("results-"))
    accuracies = [(*(a["model"].split(".", 1) + [""])[:2], int(a["img_size"]), a) for a in table(results)]
    unmatched = table(left)
    for path in paths:
        if path == results:
            continue
        part = path.name.split("-")[1]
        speeds = [(s["model"], int(s[f"{part}_img_size"]), s) for s in table(path)]
        joined = sorted(
            (a, tag, picture_family(a, tag), size, float(row["top1"]) / 100, float(s[f"{part}_samples_per_sec"]),
             round(number(row["param_count"]) * 1e6))
            for a, tag, size, row in accuracies for b, other, s in speeds if (a, size) == (b, other))
        column = "throughput" if part == "infer" else "train_throughput"
        check(f"{path.name}: joined", rounded(query(
            database, f"SELECT architecture, tag, family, image_size, top1, {column}, parameters FROM leaderboard WHERE "
                      "speed_key = (SELECT key FROM comparability_keys WHERE description LIKE '%" + path.name + "') "
                      "ORDER BY architecture, tag, image_size")), rounded(joined))
        # All pairs of an architecture, and those at different sizes: what a join by name alone would mix.
        pairs = sum(a == b for a, _, _, _ in accuracies for b, _, _ in speeds)
        told = query(database, "SELECT count(*), sum(a.image_size <> s.image_size) FROM published_accuracies a JOIN "
                               "published_speeds s USING (architecture) JOIN imports i ON s.import = i.import "
                               f"WHERE i.file = '{path.name}'")[0]
        check(f"{path.name}: pairs", told, (pairs, pairs - len(joined)))
        sizes = defaultdict(set)
        for b, size, _ in speeds:
            sizes[b].add(size)
        have = defaultdict(set)
        for a, _, size, _ in accuracies:
            have[a].add(size)
        expected = sorted(
            [("speed_at_other_size" if sizes[a] else "no_speed", a, tag, str(size))
             for a, tag, size, _ in accuracies if size not in sizes[a]] +
            [("accuracy_at_other_size" if have[b] else "no_accuracy", b, "", str(size))
             for b, size, _ in speeds if size not in have[b]])
        check(f"{path.name}: unmatched", sorted((u["outcome"], u["architecture"], u["tag"], u["image_size"])
                                                for u in unmatched if u["speeds"] == path.name), expected)
        print(f"{path.name}: {len(joined)} joined; {pairs} pairs of an architecture, {pairs - len(joined)} at different sizes; "
              f"{len(expected)} rows unmatched")


excerpts = root / "tests/data/timm"
shared = root.parent / "shared/data"
with tempfile.TemporaryDirectory() as folder:
    small, whole = Path(folder) / "small", Path(folder) / "whole"
    small.mkdir(), whole.mkdir()
    fine_tuning(excerpts / "fastai_timm.csv", small)
    image_models(sorted(p for p in excerpts.glob("*.csv") if "fastai" not in p.name), small)
    if (shared / "fastai_timm.csv").exists():
        fine_tuning(shared / "fastai_timm.csv", whole)
        image_models(sorted((shared / "timm").glob("*.csv")), whole)
        # As the field notes have counted them.
        counts = query(whole / "world.db", "SELECT i.file, count(*), sum(a.image_size <> s.image_size) FROM "
                       "published_accuracies a JOIN published_speeds s USING (architecture) JOIN imports i ON "
                       "s.import = i.import GROUP BY 1")
        check("pairs of the field notes", [c[1:] for c in counts if "pt113" in c[0] or "pt291" in c[0]],
              [(2742, 1186), (1117, 277)])
    else:
        print("../shared/data is not here: its whole tables are skipped")
sys.exit(failed)
