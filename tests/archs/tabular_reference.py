#!/usr/bin/env python3
"""fastai's tabular net with the weights of archsweep-fill-1 (runner/trial/fill.h), on two rows: the numbers
of tabular_network_test.cpp. Wants fastai."""
import math

import torch
from fastai.tabular.model import TabularModel, emb_sz_rule

M = (1 << 64) - 1


def uniform(key):
    seed = 0xcbf29ce484222325
    for byte in key.encode():
        seed = (seed ^ byte) * 0x100000001b3 & M

    def value(i):
        z = seed + (i + 1) * 0x9E3779B97F4A7C15 & M
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
        z = (z ^ z >> 27) * 0x94D049BB133111EB & M
        return ((z ^ z >> 31) >> 40) * 2.0 ** -23 - 1
    return value


def fill(key, tensor):
    leaf = key.rsplit(".", 1)[-1]
    scale, offset = {"running_var": (0.25, 1), "running_mean": (0.1, 0), "bias": (0.1, 0)}.get(leaf, (0.1, 1))
    if leaf == "weight" and tensor.dim() > 1:
        scale, offset = torch.tensor(math.sqrt(3 / min(tensor.numel() // tensor.shape[0], 4096))).item(), 0
    u = uniform(key)
    return torch.tensor([offset + scale * u(i) for i in range(tensor.numel())]).view(tensor.shape)


levels, numbers = [3, 40], 2
net = TabularModel([(n, emb_sz_rule(n)) for n in levels], numbers, 2, [200, 100]).eval()
net.load_state_dict({key: fill(key, t) if t.is_floating_point() else t for key, t in net.state_dict().items()})
codes, values = torch.tensor([[0, 39], [2, 7]]), torch.tensor([[0.5, -1.25], [2.0, 0.0]])
print({key: list(t.shape) for key, t in net.state_dict().items()})
print(net(codes, values).tolist())
