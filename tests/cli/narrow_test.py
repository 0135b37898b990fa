#!/usr/bin/env python3
"""Tables on terminals that are too narrow for them: no line is wider than the terminal, what identifies a row and what
was asked for is there, and one line on stderr names what is not. Pipes and other formats get all.

    narrow_test.py ARCHSWEEP SOURCE_ROOT
"""
import fcntl
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
failed = False


def say(*words):
    global failed
    failed = True
    print(*words)


def on_terminal(width, *arguments, **environment):
    """Lines on a terminal of that width, and on stderr."""
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    known = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([archsweep, *arguments], stdin=subprocess.DEVNULL, stdout=its_end, stderr=errors,
                                   env={**known, **environment})
        os.close(its_end)
        text = b""
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the program has ended
                break
            if not part:
                break
            text += part
        process.wait()
        os.close(terminal)
        errors.seek(0)
        return text.decode().replace("\r\n", "\n").splitlines(), errors.read().decode().splitlines()


def check(width, arguments, columns, **environment):
    """Of the table that the lines begin with; returns the names of its columns."""
    lines, errors = on_terminal(width, *arguments, **environment)
    what = f"{' '.join(arguments)} in {width}"
    head = lines[0].split() if lines else []
    if not set(columns) <= set(head):
        say(f"{what}: shows {head}, not {columns}: {errors}")
    if over := [line for line in lines if len(line) > width]:
        say(f"{what}: too wide: {over[0]!r}")
    notes = [line for line in errors if "no room in" in line]
    whole = subprocess.run([archsweep, *arguments], capture_output=True, text=True, env={**os.environ, "COLUMNS": "20"})
    all_columns = whole.stdout.split("\n")[0].split()
    missing = [name for name in dict.fromkeys(all_columns) if all_columns.count(name) > head.count(name)]
    if (len(notes) == 1) != bool(missing) or not all(f" {name}" in notes[0] for name in missing):
        say(f"{what}: left out {missing}, said {errors}")
    if any(len(line) > width for line in whole.stdout.splitlines()) != bool(notes or "…" in "".join(lines)):
        say(f"{what}: in a pipe {all_columns}, on the terminal {head}")
    return head


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([archsweep, "import", "timm.db", *sorted((root / "tests/data/timm").glob("*.csv"))], check=True,
                   capture_output=True)
    for kind in "ab":
        Path("pets", kind).mkdir(parents=True)
        for i in range(2):
            shutil.copy(root / "tests/data/images/rgb.png", Path("pets", kind, f"{i}.png"))
    Path("sweep.yaml").write_text("dataset: {kind: image_folder, root: pets, image_size: 32}\narchitectures: [test_resnet, test_vit]\n"
                                  "scheduler: {device: cpu, threads: 1}\n")
    os.environ["ARCHSWEEP_TRIAL"] = shutil.which("false")
    subprocess.run([archsweep, "run", "sweep.yaml", "--db", "failed.db"], capture_output=True)
    with sqlite3.connect("failed.db") as db:
        db.execute("UPDATE trials SET state = 'failed', attempt = 1")
        db.execute("INSERT INTO attempts (trial, attempt, started_at, device, journal, outcome, cause, message) SELECT trial, 1, '', "
                   "'cpu', '', 'failed', 'crashed', 'a long story of what went wrong, of which much has to be cut' FROM trials")

    for width in 60, 80, 100, 250:
        check(width, ["leaderboard", "timm.db"], ["architecture", "top1_percent"])
        check(width, ["frontier", "timm.db"], ["group", "architecture", "top1_percent"])
        check(width, ["frontier", "timm.db", "--by", "family"], ["family"])
        check(width, ["list", "vit_*"], ["name"])
        check(width, ["list", "--pretrained", "vit_*"], ["name"])
        check(width, ["bench", "test_resnet", "--db", "bench.db"], ["model", "ms", "samples_per_s"])
        check(width, ["query", "timm.db", "SELECT * FROM leaderboard LIMIT 3"], ["trial"])
    check(80, ["leaderboard", "timm.db", "--sort", "params_m"], ["architecture", "params_m"])
    check(80, ["leaderboard", "timm.db", "--where", "image_size > 200"], ["architecture", "image_size"])
    check(80, ["leaderboard", "timm.db", "--columns", "architecture,top5,parameters"], ["top5", "parameters"])

    # Texts of several words are cut before columns go.
    for width, note in (60, "cut to 60 columns"), (80, "cut to 80 columns"):
        lines, errors = on_terminal(width, "query", "failed.db", "SELECT trial, architecture, cause, message FROM attempts "
                                    "JOIN trials USING (trial, attempt) WHERE state = 'failed'")
        if not any("message" in line for line in lines) or not any(line.endswith("…") and len(line) == width for line in lines) \
                or len(errors) != 1 or note not in errors[0]:
            say("messages: ", lines, errors)
    if on_terminal(60, "leaderboard", "timm.db", COLUMNS="250") != on_terminal(250, "leaderboard", "timm.db"):
        say("COLUMNS is not heard")
    lines, errors = on_terminal(30, "leaderboard", "timm.db", "--format", "csv")
    if "parameters" not in lines[0] or any("no room" in line for line in errors):
        say("csv on a terminal: ", lines[:2], errors)
sys.exit(failed)
