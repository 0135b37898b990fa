#!/usr/bin/env python3
"""Commands that ask the database, on a small made one: every example of results/queries.md gives what stands under it;
frontier, leaderboard, diff, query and status answer, and refuse what is wrong in one line.

    queries_test.py ARCHSWEEP SOURCE_ROOT [--update]      --update writes the answers into queries.md
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
os.chdir(folder := tempfile.mkdtemp())
failed = False


def say(*words):
    global failed
    failed = True
    print(*words)


def run(*arguments, **more):
    return subprocess.run([archsweep, *arguments], capture_output=True, text=True, timeout=60, **more)


def make_empty(path):
    """The schema as the program makes it: by a sweep whose only trial has a worker that does nothing."""
    for kind in "ab":
        Path("pets", kind).mkdir(parents=True)
        for i in range(2):
            shutil.copy(root / "tests/data/images/rgb.png", Path("pets", kind, f"{i}.png"))
    Path("sweep.yaml").write_text("dataset: {kind: image_folder, root: pets, image_size: 32}\narchitectures: [test_resnet]\n"
                                  "scheduler: {device: cpu, threads: 1}\n")
    run("run", "sweep.yaml", "--db", path, env={**os.environ, "ARCHSWEEP_TRIAL": shutil.which("false")})
    with sqlite3.connect(path) as db:
        for table in "sweep_trials", "attempts", "trials", "sweeps":
            db.execute(f"DELETE FROM {table}")


def check_examples():
    text = (root / "results/queries.md").read_text()
    count = 0

    def answer(match):
        nonlocal count
        count += 1
        done = run("query", "small.db", match[1])
        if done.returncode or done.stdout.count("\n") < 2:
            say(f"example {count}: {done.stdout}{done.stderr}")
        return f"```sql\n{match[1]}```\n```text\n{done.stdout}```\n"

    made = re.sub(r"```sql\n(.*?)```\n(?:```text\n.*?```\n)?", answer, text, flags=re.S)
    if "--update" in sys.argv:
        (root / "results/queries.md").write_text(made)
    elif made != text:
        Path("made.md").write_text(made)
        say(subprocess.run(["diff", root / "results/queries.md", "made.md"], capture_output=True, text=True).stdout)
    if count < 8:
        say("only", count, "examples found")


def rows(*arguments):
    """The rows in JSON, and what was said on stderr."""
    done = run(*arguments, "--format", "json")
    if done.returncode:
        say(arguments, done.stderr)
        return [{}], done.stderr
    return json.loads(done.stdout), done.stderr


def expect(what, got, wanted):
    if got != wanted:
        say(f"{what}: {got}, expected {wanted}")


def refuse(pattern, *arguments, code=2):
    done = run(*arguments)
    if done.returncode != code or done.stderr.count("\n") != 1 or not re.search(pattern, done.stderr):
        say(f"{arguments}: exit {done.returncode}, said {done.stderr!r}; expected {pattern!r}")


def column(name, got):
    return [row.get(name) for row in got]


def check_frontier():
    got, said = rows("frontier", "small.db")
    expect("frontier", [r["architecture"] for r in got if r["on_frontier"] == "yes"], ["resnet18", "levit_128", "convnext_tiny"])
    expect("its learning rates", {r["lr"] for r in got if r["on_frontier"] == "yes"}, {0.001})
    expect("seeds", got[0]["seeds"], 2)
    expect("trials", got[0]["trials"], "1 2")
    if not got[0]["top1_low"] < got[0]["top1"] < got[0]["top1_high"] or not got[0]["latency_low"] < got[0]["latency"] < got[0]["latency_high"]:
        say("no intervals:", got[0])
    expect("said", said, "")  # the published rows have no latency: no other key
    got, said = rows("frontier", "small.db", "--x", "fit_time", "--y", "error")
    expect("other axes", got[0]["architecture"], "resnet18")
    if "pets, 5912 training" not in said or "left out: 5 trials under 1 other key " not in said:
        say("the other key is not told:", said)
    got, said = rows("frontier", "small.db", "--x", "fit_time", "--y", "error", "--accuracy-key", "5eed0acc0002", "--max-memory", "2.7GiB",
                     "--where", "fit_time < 110")
    expect("the study's", column("architecture", got), ["resnet26d", "levit_384", "convnext_tiny", "swin_s3_tiny_224"])
    if "how much error scatters is not known" not in said:
        say("one seed is not told:", said)
    got, _ = rows("frontier", "small.db", "--x", "params", "--where", "source = 'sweep'", "--family", "!levit")
    expect("families", {r["architecture"] for r in got}, {"resnet18", "convnext_tiny"})
    got, _ = rows("frontier", "small.db", "--by", "family")
    expect("families, best first", column("family", got), ["convnext", "levit", "resnet"])
    expect("their shares", column("on_frontier", got), [1, 1, 1])
    expect("their best", column("best", got), ["convnext_tiny", "levit_128", "resnet18"])
    got, said = rows("frontier", "small.db", "--over-time")
    if "share: of the final hypervolume of latency (logarithm) and top1" not in said:
        say("the share is not explained:", said)
    expect("the last share", got[-1]["share"], 1)
    shares = column("share", got)
    if shares != sorted(shares) or len(shares) < 4:
        say("shares:", shares)
    table = run("frontier", "small.db").stdout
    if "top1_percent" not in table or ".." not in table:
        say("table:", table)
    refuse("--x latncy: .*did you mean 'latency'", "frontier", "small.db", "--x", "latncy")
    refuse("--speed-key zz: no key begins so.*NVIDIA H100", "frontier", "small.db", "--speed-key", "zz")
    refuse("--accuracy-key 5eed: several keys begin so", "frontier", "small.db", "--accuracy-key", "5eed")
    refuse("--max-memory 2XB: expected a size, such as 2GB", "frontier", "small.db", "--max-memory", "2XB")
    refuse("--max-memory -1GB", "frontier", "small.db", "--max-memory=-1GB")
    refuse("--where .*'\\)' without", "frontier", "small.db", "--where", "1) UNION SELECT trial FROM trials; DROP TABLE trials --")
    refuse("--where .*quote", "leaderboard", "small.db", "--where", "architecture = 'resnet")
    refuse("no such column: latncy; did you mean 'latency'", "leaderboard", "small.db", "--where", "latncy < 1")
    refuse("no finished trial that the conditions allow has both latency and top1", "frontier", "empty.db", code=0)
    done = run("frontier", "small.db", "--over-time", "--where", "source = 'import'", "--x", "fit_time")
    if "imported results have no time" not in done.stderr:
        say("over time, of imported results:", done.stdout, done.stderr)
    for more in ["--by", "family"], ["--over-time"]:
        expect(f"empty {more}", run("frontier", "empty.db", *more).returncode, 0)


def check_leaderboard():
    got, said = rows("leaderboard", "small.db")
    expect("rows", len(got), 17)
    expect("best", got[0]["architecture"], "vit_large_patch16_224")
    if "2 accuracy_keys" not in said:
        say("keys are not told:", said)
    got, _ = rows("leaderboard", "small.db", "--sort", "score", "--where", "source = 'import'", "--max-memory", "2.7GiB")
    expect("by score", column("architecture", got), ["convnext_tiny", "swin_s3_tiny_224", "resnet26d", "levit_384"])
    got, _ = rows("leaderboard", "small.db", "--sort", "latency / top1 desc", "--family", "resnet", "--columns", "trial,top1", "--limit", "2")
    expect("by expression", got, [{"trial": 3, "top1": 0.857}, {"trial": 4, "top1": 0.863}])
    got, _ = rows("leaderboard", "small.db", "--sort", "max(1, 2), image_size desc , accuracy", "--columns", "image_size,top1")
    expect("by three terms", got, sorted(got, key=lambda r: (-(r["image_size"] or 0), -(r["top1"] or 0))))
    if len({r["image_size"] for r in got}) < 2:
        say("one image size:", got)
    refuse("--sort is empty", "leaderboard", "small.db", "--sort", "top1,,latency")
    refuse("no such column: nope.*in --sort", "leaderboard", "small.db", "--sort", "top1, nope")
    got, _ = rows("leaderboard", "small.db", "--sort", "accuracy", "--where", "source = 'sweep'", "--limit", "1")
    expect("by an alias", got[0]["architecture"], "convnext_tiny")
    with sqlite3.connect("many.db") as db:
        sqlite3.connect("small.db").backup(db)
        db.execute("INSERT INTO results (trial, source, experiment, architecture, tag, family, dataset, speed_key, accuracy_key) "
                   "SELECT 100 + value, 'sweep', '', 'x', '', '', '', '', '' FROM json_each(?)", [json.dumps(list(range(50)))])
        db.execute("INSERT INTO trials (trial, fingerprint, state, architecture, family, recipe_hash, spec) SELECT 100 + value, "
                   "'x' || value, 'done', 'x', '', '', '' FROM json_each(?)", [json.dumps(list(range(50)))])
    table = run("leaderboard", "many.db").stdout
    expect("lines", table.count("\n"), 32)
    expect("more", table.splitlines()[-1], "and 37 more; --limit 0 shows all")
    expect("all", run("leaderboard", "many.db", "--limit", "0").stdout.count("\n"), 68)
    expect("empty", run("leaderboard", "empty.db").returncode, 0)
    refuse("--columns nope: no such column", "leaderboard", "small.db", "--columns", "nope")
    refuse("--limit: Value -1 not in range 0 to 1000000000 ", "leaderboard", "small.db", "--limit", "-1")
    refuse("--sort ", "leaderboard", "small.db", "--sort", "top1; DROP TABLE trials")
    refuse("--sort ", "leaderboard", "small.db", "--sort", "top1) UNION SELECT (1")


def check_diff():
    got, _ = rows("diff", "small.db", "1", "12")
    by = {r["what"]: r for r in got}
    expect("architecture", (by["architecture"]["trial_1"], by["architecture"]["trial_12"]), ("resnet18", "convnext_tiny"))
    expect("a leaf", by["training.seed"]["trial_12"], 2)
    expect("ratio", round(by["latency"]["ratio"], 6), 3)
    expect("difference", round(by["latency"]["difference"], 6), 0.002)
    if "training.epochs" in by or "device" in by:
        say("equal things are shown")
    if not re.search(r"\d+ more are equal; --all shows them", run("diff", "small.db", "1", "12").stdout):
        say("equal things are not counted")
    everything = {r["what"] for r in rows("diff", "small.db", "1", "12", "--all")[0]}
    if not {"training.epochs", "device", "speed_key"} <= everything:
        say("--all leaves out", everything)
    expect("a failed trial", {r["what"]: r["trial_13"] for r in rows("diff", "small.db", "1", "13")[0]}["cause"], "diverged")
    refuse("no trial 99; they are numbered 1 to 24", "diff", "small.db", "1", "99")
    refuse("no trial resnet18; they are numbered", "diff", "small.db", "resnet18", "1")
    refuse("no trial 1 OR 1=1", "diff", "small.db", "1 OR 1=1", "2")
    refuse("no trial 1; the database has none yet", "diff", "empty.db", "1", "2")
    refuse("small.db is a database: diff compares two trials of it, as in `archsweep diff small.db 3 7`", "diff", "small.db", "1")


def check_query_and_status():
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
    refuse("small.db: no full answer in 0?1?s; ask for less, or allow more with --timeout", "query", "small.db", endless + "max(i) FROM n", "--timeout", "0.6s")
    expect("names of columns", run("query", "small.db", 'SELECT 1 AS "a|b\nc", 2 AS "\x1b[31m"', "--format", "md").stdout.splitlines()[0],
           "| a\\|b c | ?[31m |")
    refuse("--timeout soon: expected a time", "query", "small.db", "SELECT 1", "--timeout", "soon")
    refuse("more than 100000 rows", "query", "small.db", endless + "i FROM n")
    limit = "ulimit -v 400000; exec \"$0\" query small.db \"$1\" --format csv | tail -1"
    done = subprocess.run(["bash", "-c", limit, archsweep, endless + "i, printf('%200d', i) FROM n LIMIT 1000000"], capture_output=True, text=True)
    if not done.stdout.startswith("1000000,"):
        say("a big answer does not stream:", done.stderr)
    expect("equal names", rows("query", "small.db", "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a")[0], [{"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}])
    expect("no rows", run("query", "small.db", "SELECT 1 AS x WHERE 0", "--format", "json").stdout, "[]\n")
    status = run("status", "small.db").stdout
    if not re.search(r"done +12\n", status) or "imported: 5 done" not in status or "diverged" not in status:
        say("status:", status)


try:
    make_empty("small.db")
    with sqlite3.connect("small.db") as db, sqlite3.connect("empty.db") as copy:
        db.backup(copy)
        db.executescript((root / "tests/data/queries.sql").read_text())
    check_examples()
    check_frontier()
    check_leaderboard()
    check_diff()
    check_query_and_status()
finally:
    shutil.rmtree(folder)
sys.exit(failed)
