#!/usr/bin/env python3
"""Writes archs/weights/pretrained_table.cpp from a file of JSON lines, one a name of timm's:

    archs/weights/pretrained.py pretrained.jsonl > archs/weights/pretrained_table.cpp

A line has name ("arch.tag"), hf_hub_id, num_classes, license and the fields of timm's default_cfg
that say how images are prepared.
"""
import json
import sys

RGB = {
    (0.485, 0.456, 0.406): "imagenet_mean",
    (0.229, 0.224, 0.225): "imagenet_std",
    (0.48145466, 0.4578275, 0.40821073): "clip_mean",
    (0.26862954, 0.26130258, 0.27577711): "clip_std",
}


def rgb(values, half):
    values = tuple(values)
    return half if values == (0.5, 0.5, 0.5) else RGB.get(values, "Rgb{%s}" % ", ".join(map(repr, values)))


def preprocessing(row):
    """Only what differs from the defaults of Preprocessing."""
    size, test = row["input_size"][1], row.get("test_input_size") or [0, 0, 0]
    fields = [
        ("input_size", size, 224),
        ("test_input_size", test[1] if test[1] != size else 0, 0),
        ("interpolation", "Interpolation::" + row["interpolation"], "Interpolation::bicubic"),
        ("crop_pct", row["crop_pct"], 0.875),
        ("test_crop_pct", row.get("test_crop_pct") or 0, 0),
        ("mean", rgb(row["mean"], "half_mean"), "imagenet_mean"),
        ("std", rgb(row["std"], "half_std"), "imagenet_std"),
        ("crop_mode", json.dumps(row["crop_mode"]), '"center"'),
        ("fixed_input_size", "true" if row["fixed_input_size"] else "false", "false"),
    ]
    return ", ".join(f".{name} = {value}" for name, value, default in fields if value != default)


rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
rows.sort(key=lambda row: row["name"].partition(".")[0])  # stable: the tags stay in their order
kinds = sorted({preprocessing(row) for row in rows})
print("""#include "archs/weights/pretrained.h"

// Written by archs/weights/pretrained.py, which says how: do not edit.

namespace archsweep::archs {
namespace {

// clang-format off
constexpr Preprocessing p[] = {""")
for kind in kinds:
    print("    {%s}," % kind)
print("};\n\nconstexpr Pretrained table[] = {")
for row in rows:
    arch, _, tag = row["name"].partition(".")
    cells = [f'"{arch}"', f'"{tag}"', str(row["num_classes"]), f"&p[{kinds.index(preprocessing(row))}]"]
    cells.append(json.dumps(row.get("license") or ""))
    repository = row.get("hf_hub_id") or "none"
    if repository != "timm/" + row["name"]:
        cells.append(f'"{repository}"')
    print("    {%s}," % ", ".join(cells))
print("""};
// clang-format on

}  // namespace

std::span<const Pretrained> pretrained() {
  return table;
}

}  // namespace archsweep::archs""")
