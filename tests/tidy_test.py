#!/usr/bin/env python3
"""The house rules: which folder may include which, who may use which library, and what else a reviewer
would have to look for.

    tidy_test.py SOURCE_ROOT [ARCHSWEEP]
"""
import re
import subprocess
import sys
from pathlib import Path

root = Path(sys.argv[1])
program = Path(sys.argv[2]) if len(sys.argv) > 2 else None
faults = []

# The longest row that begins a file's path says which headers of the project it may include besides
# those of its own row. A new folder needs a row.
protocol = ["runner/trial/protocol.h", "runner/trial/spec.h"]
tables = ["archs/catalog.h", "archs/family.h", "archs/families.h", "archs/families/"]
may_include = {
    "runner/support/": [],
    # Names and tables: the command line links them.
    "archs/catalog": tables + ["runner/support/"],
    "archs/facts.cpp": tables,
    "archs/family.h": [],
    "archs/families.h": ["archs/families/"],
    "archs/families/": ["archs/"],
    "archs/": ["runner/support/"],
    "archs/weights/": ["archs/", "runner/support/"],
    "results/": tables + ["runner/support/"],
    "runner/trial/protocol": protocol + ["results/trial.h", "runner/support/", "runner/trial/json_fields.h"],
    "runner/trial/spec": protocol + ["runner/support/", "runner/trial/json_fields.h"],
    "runner/trial/logits": ["archs/weights/safetensors.h", "runner/support/"],
    "runner/trial/json_fields.h": ["runner/support/"],
    "runner/config/": tables + protocol + ["archs/weights/pretrained.h", "runner/support/"],
    "runner/plan/": tables + protocol + ["runner/config/", "runner/support/"],
    "runner/schedule/": protocol + ["runner/trial/measure/nvml.h", "runner/trial/data/cache_files.h", "runner/plan/", "runner/config/", "results/", "runner/support/"],
    "runner/http/": ["runner/support/"],
    "runner/serve/": protocol + ["runner/http/", "runner/plan/", "runner/config/", "results/", "runner/support/"],
    "runner/cli/": tables + protocol + ["runner/trial/data/cache_files.h", "runner/trial/logits.h", "runner/http/", "runner/serve/", "archs/weights/", "runner/schedule/", "runner/plan/", "runner/config/", "results/", "runner/support/"],
    "runner/trial/": ["archs/", "results/export/", "results/statistics.h", "results/trial.h", "results/metric.h", "runner/http/", "runner/support/"],
    "runner/trial/data/": protocol + ["archs/family.h", "runner/trial/augment/", "runner/support/"],
    "runner/trial/augment/": protocol + ["runner/trial/data/", "runner/support/"],
}

# Who may include a library's headers; a library that is not named here is free.
torch = ["archs/build.cpp", "archs/layers/", "archs/network.h", "archs/state_dict.cpp", "archs/torch_pch.h",
         "archs/families/", "archs/weights/tensors", "archs/weights/load", "runner/trial/"]
users = {
    r"(torch|ATen|c10)/": torch,
    r"yaml-cpp/": ["runner/config/document.cpp"],
    r"(SQLiteCpp/|sqlite3\.h)": ["results/"],
    r"CLI/": ["runner/cli/"],
    r"csv\.h": ["runner/support/csv.cpp"],
    r"httplib\.h": ["runner/http/server.cpp"],
    r"(turbojpeg|png|gif_lib)\.h|webp/|zlib\.h": ["runner/trial/data/"],
    r"openssl/": ["runner/support/hash.cpp", "runner/support/base64.cpp"],
    r"tbb/": ["runner/trial/"],
}
# What stays without LibTorch, also through the headers that it includes.
no_torch = ["archs/catalog", "archs/facts.cpp", "archs/families.h", "results/", "runner/support/", "runner/config/",
            "runner/plan/", "runner/schedule/", "runner/http/", "runner/serve/", "runner/cli/", "runner/trial/data/", "runner/trial/augment/augment",
            "runner/trial/protocol", "runner/trial/spec", "runner/trial/json_fields.h", "runner/trial/logits", "runner/trial/measure/sampling",
            "runner/trial/measure/conditions", "runner/trial/measure/nvml", "runner/trial/measure/lease"]

most_lines = 500
# Longer today; none may grow, and one that has shrunk leaves the list.
longer = {}
table = re.compile(r"archs/families/.*\.h$|archs/facts\.cpp$|_table\.cpp$|results/schema\.cpp$")

unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def fault(path, line, what):
    faults.append(f"{path}:{line}: {what}")


def files():
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\n")
    else:  # an archive without its repository
        names = [str(p.relative_to(root)) for p in root.rglob("*") if not p.relative_to(root).parts[0].startswith((".git", "build"))]
    return [n for n in names if n and (root / n).is_file()]


def row_of(path, rows):
    return max((r for r in rows if path.startswith(r)), key=len, default=None)


def check_includes(path, lines):
    top = path.split("/")[0]
    if top not in ("archs", "results", "runner"):
        return
    row = row_of(path, may_include)
    if row is None:
        return fault(path, 1, "no row in tests/tidy_test.py says what this folder may include")
    allowed = [row] + may_include[row]
    for number, line in enumerate(lines, 1):
        if include := re.match(r'#include "([^"]+)"', line):
            if not include[1].startswith(tuple(allowed)):
                fault(path, number, f"{row} may not include {include[1]}")
        elif include := re.match(r"#include <([^>]+)>", line):
            for library, who in users.items():
                if re.match(library, include[1]) and not path.startswith(tuple(who)):
                    fault(path, number, f"{include[1]} is not for this folder")


def first_torch(path, seen):
    """The way from a file to a header of LibTorch, if there is one."""
    if path in seen or not (root / path).is_file():
        return None
    seen.add(path)
    for quoted, angled in re.findall(r'^#include (?:"([^"]+)"|<([^>]+)>)', (root / path).read_text(), re.M):
        if re.match("(torch|ATen|c10)/", angled):
            return [path, angled]
        if quoted and (way := first_torch(quoted, seen)):
            return [path] + way
    return None


def check_text(path, text):
    lines = text.split("\n")
    if path.endswith((".cpp", ".h")):
        check_includes(path, lines)
    if path.startswith(tuple(no_torch)) and path.endswith((".cpp", ".h")) and (way := first_torch(path, set())):
        fault(path, 1, "stays without LibTorch: " + " -> ".join(way))
    if path.endswith(".h") and "#pragma once" not in text:
        fault(path, 1, "a header begins with #pragma once")
    for number, line in enumerate(lines, 1):
        if unfinished.search(line):
            fault(path, number, f"unfinished work is an issue, not a comment: {line.strip()[:80]}")
        if "/" "work/" in line:
            fault(path, number, "a path of one machine")
    if path.endswith((".cpp", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt")) and not table.search(path):
        count = len(lines) - 1
        if count > longer.get(path, most_lines):
            fault(path, count, f"longer than {longer.get(path, most_lines)} lines")
        if path in longer and count <= most_lines:
            fault(path, count, "short enough now: take it off the list in tests/tidy_test.py")


def check_configs():
    for config in sorted((root / "configs").glob("*.yaml")):
        said = subprocess.run([program, "check", config], capture_output=True, text=True)
        lines = said.stderr.strip().split("\n")
        if said.returncode == 2 and all("dataset.root: no folder" in line for line in lines):
            print(f"{config.name}: its data are not here; the rest of it is valid")
        elif said.returncode:
            faults.append(said.stderr.strip())


paths = files()
for path in paths:
    try:
        check_text(path, (root / path).read_text())
    except UnicodeDecodeError:
        pass  # an image, a corpus
for path in longer:
    if path not in paths:
        fault(path, 1, "is on the list of long files, but not there")
scripts = (root / "tests/CMakeLists.txt").read_text()
for path in paths:
    if re.match(r"tests/.*_test\.(sh|py)$", path) and Path(path).stem not in scripts:
        fault(path, 1, "no test of tests/CMakeLists.txt runs it")
if len(paths) < 100:
    faults.append(f"{root}: only {len(paths)} files found")
if program:
    check_configs()
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    if "libc.so" not in linked or re.search(r"lib(torch|c10)", linked):
        faults.append(f"{program} links LibTorch, or ldd does not tell")
print("\n".join(faults) if faults else f"{len(paths)} files are tidy")
sys.exit(1 if faults else 0)
