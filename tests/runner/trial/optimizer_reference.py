#!/usr/bin/env python3
"""What torch.optim's and timm's optimizers, gradient clipping and average of weights make of a few small
parameters: the data of optimizer_test.cpp.

    optimizer_reference.py FILE.safetensors

Python with torch 2.15, timm 1.0.31 and safetensors.
"""
import sys

import torch
from safetensors.torch import save_file
from timm.optim import create_optimizer_v2, muon
from timm.utils import ModelEmaV3
from timm.utils.clip_grad import dispatch_clip_grad

# timm's muon computes in bfloat16; in float32 the comparison says more.
muon.zeropower_via_newtonschulz.__defaults__ = tuple(
    torch.float32 if d is torch.bfloat16 else d for d in muon.zeropower_via_newtonschulz.__defaults__)

SHAPES = {"conv": (6, 3, 3, 3), "depthwise": (4, 1, 3, 3), "matrix": (9, 5), "bias": (9,)}
STEPS = 10
KEPT = (1, 2, 5, 10)  # steps whose parameters are saved
random = torch.Generator().manual_seed(3)
saved = {}


def rate(step):
    return 0.003 * (1 + step % 4)


def moving_momentum(step):
    return 0.95 - 0.01 * step


# Our name, timm's, what else it is given. Weight decay is 0.1 where it is none of bias's.
CASES = [
    ("sgd", "momentum", {"momentum": 0.9}),
    ("nesterov", "sgd", {"momentum": 0.9}),
    ("adam", "adam", {}),
    ("adamw", "adamw", {"betas": (0.9, 0.99), "eps": 1e-5}),
    ("rmsprop", "rmsprop", {"momentum": 0.9}),
    ("rmsproptf", "rmsproptf", {"momentum": 0.9}),
    ("lamb", "lamb", {}),
    ("lion", "lion", {}),
    ("adan", "adan", {}),
    ("muon", "muon", {"momentum": 0.95}),
]

start = {key: torch.randn(shape, generator=random) * 0.5 for key, shape in SHAPES.items()}
start["matrix"][0] = 0  # a unit of weights that are all zero
# The third step's are large: lamb clips them.
grads = [{key: torch.randn(shape, generator=random) * (2 if step == 2 else 0.05) for key, shape in SHAPES.items()}
         for step in range(STEPS)]
for key in SHAPES:
    saved[f"start.{key}"] = start[key]
    for step in range(STEPS):
        saved[f"grad.{step + 1}.{key}"] = grads[step][key]


def run(name, timm_name, arguments, momentum_at=None):
    parameters = {key: torch.nn.Parameter(value.clone()) for key, value in start.items()}
    groups = [{"params": [p for p in parameters.values() if p.ndim > 1], "weight_decay": 0.1},
              {"params": [p for p in parameters.values() if p.ndim <= 1], "weight_decay": 0.0}]
    optimizer = create_optimizer_v2(groups, opt=timm_name, lr=0.1, **arguments)
    for step in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
            if momentum_at:
                if "betas" in group:
                    group["betas"] = (momentum_at(step), *group["betas"][1:])
                if "momentum" in group:
                    group["momentum"] = momentum_at(step)
        for key, p in parameters.items():
            p.grad = grads[step - 1][key].clone()
        optimizer.step()
        if step in KEPT:
            for key, p in parameters.items():
                saved[f"{name}.{step}.{key}"] = p.detach().clone()


for case in CASES:
    run(*case)
run("adamw_one_cycle", "adamw", {"betas": (0.9, 0.99), "eps": 1e-5}, moving_momentum)
run("adan_one_cycle", "adan", {}, moving_momentum)

# Clipping, of the large gradients.
for mode, limit in (("norm", 2.0), ("value", 0.5), ("agc", 0.3)):
    parameters = {key: torch.nn.Parameter(value.clone()) for key, value in start.items()}
    for key, p in parameters.items():
        p.grad = grads[2][key].clone()
    dispatch_clip_grad(list(parameters.values()), limit, mode)
    for key, p in parameters.items():
        saved[f"clip_{mode}.{key}"] = p.grad

# The average of weights: every tensor of a small module, moved at random.
for name, warmup in (("ema", False), ("ema_warmup", True)):
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            tensor.copy_(torch.full_like(tensor, 5))
    ema = ModelEmaV3(module, decay=0.9, use_warmup=warmup)
    for step in range(1, STEPS + 1):
        with torch.no_grad():
            for i, tensor in enumerate(module.state_dict().values()):
                tensor.copy_(torch.full_like(tensor, step * (i + 1)))
        ema.update(module, step=step)
    for key, tensor in ema.module.state_dict().items():
        saved[f"{name}.{key}"] = tensor.clone()

save_file({key: tensor.contiguous() for key, tensor in saved.items()}, sys.argv[1])
