#!/usr/bin/env python3
"""timm's layer groups, which layer decay counts by: tests/data/layers.json.

    layers_reference.py NAME... > tests/data/layers.json        (timm 1.0.31)

name: of its parameters in alphabetical order, how many one after the other are of which group, "13x2 0x4 ..."
"""
import itertools
import json
import sys

import timm
import torch
from timm.models import group_parameters

layers = {}
for name in sys.argv[1:]:
    with torch.device("meta"):
        model = timm.create_model(name)
    groups = group_parameters(model, model.group_matcher(coarse=False), reverse=True)
    runs = itertools.groupby(groups[key] for key in sorted(groups))
    layers[name] = " ".join(f"{layer}x{len(list(run))}" for layer, run in runs)
print(json.dumps(layers, indent=0))
