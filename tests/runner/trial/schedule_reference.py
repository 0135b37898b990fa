#!/usr/bin/env python3
"""What fastai and timm set as learning rates and momentum, step by step: tests/data/schedules.csv.

    schedule_reference.py > tests/data/schedules.csv        (fastai 2.8.12, timm 1.0.31)

schedule, freeze_epochs, epochs (all of them), step, steps, lr of the head, lr of the body, momentum
"""
import contextlib
import io

import torch
from fastai.vision.all import Callback, DataLoader, DataLoaders, Learner, nn  # vision: fine_tune
from timm.scheduler import CosineLRScheduler

STEPS = 7  # an epoch


def fine_tune(epochs, freeze_epochs, base_lr):
    rows = []

    class Record(Callback):
        order = 70

        def before_step(self):
            hypers = self.learn.opt.hypers
            rows.append((float(hypers[-1]["lr"]), float(hypers[0]["lr"]), float(hypers[-1]["mom"])))

    data = list(zip(torch.randn(STEPS * 10, 4), torch.randint(0, 2, (STEPS * 10,))))
    loader = DataLoader(data, bs=10, num_workers=0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    learner = Learner(DataLoaders(loader, loader), model, loss_func=nn.CrossEntropyLoss(), cbs=[Record()],
                      splitter=lambda m: [list(m[0].parameters()), list(m[1].parameters())])
    with contextlib.redirect_stdout(io.StringIO()), learner.no_bar():
        learner.fine_tune(epochs, base_lr=base_lr, freeze_epochs=freeze_epochs)
    return rows


def timm_cosine(epochs, lr):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    total = epochs * STEPS
    schedule = CosineLRScheduler(optimizer, t_initial=total, warmup_t=STEPS, warmup_lr_init=1e-5, t_in_epochs=False)
    rows = []
    for step in range(total):
        schedule.step_update(step)
        rows.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["lr"], 0.9))
    return rows


def show(name, freeze_epochs, epochs, rows):
    assert len(rows) == epochs * STEPS
    for step, row in enumerate(rows):
        print(name, freeze_epochs, epochs, step, len(rows), *map(repr, row), sep=",")


show("one_cycle", 1, 4, fine_tune(3, 1, 2e-3))
show("one_cycle", 2, 4, fine_tune(2, 2, 8e-3))
show("timm_cosine", 0, 5, timm_cosine(5, 0.1))
