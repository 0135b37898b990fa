#!/usr/bin/env python3
"""What fastai and timm make of whole trainings, epoch by epoch: tests/data/trainings.csv.

    training_reference.py > tests/data/trainings.csv        (fastai 2.8.12, timm 1.0.31, torch 2.15)

case, epoch, training loss (before its one step: a batch is all images), validation loss, top-1;
of lr_find: case, step, learning rate, smoothed loss, 0
"""
import contextlib
import copy
import io

import numpy as np
import timm
import torch
from fastai.vision.all import Callback, DataLoader, DataLoaders, Learner, accuracy
from timm.loss import LabelSmoothingCrossEntropy
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3, dispatch_clip_grad

TRAIN, VALID, SIDE = 48, 16, 32
torch.set_num_threads(1)


def images(model, first, count):
    """Grey, of formulas; every second one is brighter."""
    i = np.arange(first, first + count).reshape(-1, 1)
    p = np.arange(SIDE * SIDE).reshape(1, -1)
    pixels = (31 * p + 73 * i + (p * i) % 61) % 192 + 64 * (i % 2)
    mean, deviation = (np.mean(model.default_cfg[of]) for of in ("mean", "std"))
    x = torch.tensor(pixels / 255, dtype=next(model.parameters()).dtype).reshape(count, 1, SIDE, SIDE)
    return (x - mean) / deviation, torch.tensor(i[:, 0] % 2)


def uniform(key, count):
    seed = 0xCBF29CE484222325
    for c in key.encode():
        seed = (seed ^ c) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1


def network(name):
    """Weights by archsweep-fill-1, gain 1, for the keys that these networks have."""
    model = timm.create_model(name, num_classes=2, in_chans=1, **({"img_size": SIDE} if "vit" in name else {}))
    for key, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        leaf = key.rsplit(".", 1)[-1]
        if leaf == "running_var":
            scale, offset = 0.25, 1
        elif leaf == "running_mean":
            scale, offset = 0.1, 0
        elif leaf.startswith("weight") and tensor.dim() >= 2:
            scale, offset = (3 / min(tensor.numel() // tensor.shape[0], 4096)) ** 0.5, 0
        elif leaf.startswith("weight"):
            scale, offset = 0.1, 1
        elif leaf.endswith("bias"):
            scale, offset = 0.1, 0
        elif leaf.startswith("gamma") or leaf.startswith("ls"):
            scale, offset = 0.1, 0.5
        else:
            scale, offset = 0.5, 0
        values = np.float64(np.float32(offset)) + np.float64(np.float32(scale)) * uniform(key, tensor.numel())
        tensor.copy_(torch.tensor(values.astype(np.float32)).reshape(tensor.shape))
    return model


def show(case, rows):
    for epoch, row in enumerate(rows, 1):
        print(case, epoch, *(f"{v:.8g}" for v in row), sep=",")


def learner_of(name, callbacks=()):
    def splitter(m):
        head = list(m.get_classifier().parameters())
        return [[p for p in m.parameters() if not any(p is h for h in head)], head]

    model = network(name)
    loaders = DataLoaders(*(DataLoader(list(zip(*images(model, *part))), bs=TRAIN, num_workers=0)
                            for part in ((0, TRAIN), (TRAIN, VALID))))
    return Learner(loaders, model, loss_func=torch.nn.CrossEntropyLoss(), splitter=splitter, metrics=accuracy,
                   cbs=callbacks)


def fine_tune(name, epochs, freeze_epochs, base_lr):
    losses = []

    class Record(Callback):
        def after_loss(self):
            if self.training:
                losses.append(self.loss.item())

    learner = learner_of(name, [Record()])
    values = []
    with contextlib.redirect_stdout(io.StringIO()), learner.no_bar():
        learner.freeze()
        learner.fit_one_cycle(freeze_epochs, slice(base_lr), pct_start=0.99)
        values += learner.recorder.values
        learner.unfreeze()
        learner.fit_one_cycle(epochs, slice(base_lr / 2 / 100, base_lr / 2), pct_start=0.3, div=5.0)
        values += learner.recorder.values
    return [(loss, v[1], v[2]) for loss, v in zip(losses, values)]


def lr_find(name, frozen):
    learner = learner_of(name)
    if frozen:
        learner.freeze()
    with contextlib.redirect_stdout(io.StringIO()), learner.no_bar():
        learner.lr_find(show_plot=False)
    return [(rate, float(loss), 0) for rate, loss in zip(learner.recorder.lrs, learner.recorder.losses)]


def timm_train(name, epochs, lr, ema=0, clip=None, smoothing=0.0, warmup=0, **optimizer_options):
    """The loop of timm's train.py, an update an epoch; in float64, which float32 comes near to (fastai has none)."""
    model = network(name).double()
    optimizer = create_optimizer_v2(model, lr=lr, **optimizer_options)
    scheduler = CosineLRScheduler(optimizer, t_initial=epochs, warmup_t=warmup, warmup_lr_init=1e-5, t_in_epochs=False)
    average = ModelEmaV3(model, decay=ema, use_warmup=True) if ema else None
    loss_of = LabelSmoothingCrossEntropy(smoothing) if smoothing else torch.nn.CrossEntropyLoss()
    (x, y), (valid_x, valid_y) = images(model, 0, TRAIN), images(model, TRAIN, VALID)
    rows = []
    for update in range(epochs):
        model.train()
        scheduler.step_update(update)
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            dispatch_clip_grad(model.parameters(), clip, mode="norm")
        optimizer.step()
        if average:
            average.update(model, step=update + 1)  # train.py counts before it updates
        tried = copy.deepcopy(average.module if average else model).eval()
        with torch.no_grad():
            logits = tried(valid_x)
        rows.append((loss.item(), torch.nn.functional.cross_entropy(logits, valid_y).item(),
                     (logits.argmax(1) == valid_y).float().mean().item()))
    return rows


show("fine_tune test_resnet", fine_tune("test_resnet", 6, 2, 4e-3))
show("fine_tune test_efficientnet", fine_tune("test_efficientnet", 4, 1, 1e-2))
show("timm test_efficientnet", timm_train("test_efficientnet", 8, 0.05, opt="sgd", weight_decay=2e-5, smoothing=0.1, warmup=2))
show("layer_decay test_vit", timm_train("test_vit", 8, 2e-3, opt="adamw", weight_decay=0.05, layer_decay=0.7, clip=1.0,
                                        ema=0.9, warmup=2))
show("lr_find test_resnet", lr_find("test_resnet", False))
show("frozen_lr_find test_efficientnet", lr_find("test_efficientnet", True))
