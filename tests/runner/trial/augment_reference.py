#!/usr/bin/env python3
"""What fastai, torchvision and timm make of a few small images with explicit parameters: the data of augment_test.cpp.

    augment_reference.py FILE.safetensors

Python with torch, torchvision, fastai (2.8.12), timm and safetensors.
"""
import sys
from unittest.mock import MagicMock

import numpy as np
import torch
import torchvision.transforms.v2  # noqa: F401  (timm wants it)
from fastai.vision.augment import Brightness, Contrast, Dihedral, Rotate, TensorImage, Warp, Zoom, setup_aug_tfms
from fastai.learner import Learner
from safetensors.torch import save_file
from timm.data import mixup as timm_mixup
from timm.data.random_erasing import RandomErasing
from timm.loss import SoftTargetCrossEntropy
from torchvision.transforms import InterpolationMode, autoaugment
from torchvision.transforms import functional as F

# In the order of the enum Operation.
OPERATIONS = ["Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
              "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize", "Invert", "Hue"]
WIDTH, HEIGHT = 32, 24
random = torch.Generator().manual_seed(1)
saved = {}


def images(count, channels):
    """Smooth ones with some noise; of narrow range the second, the last of one colour in one channel."""
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    made = []
    for i in range(count):
        phase = torch.rand(channels, 4, generator=random)
        waves = [0.5 + 0.5 * torch.sin(6.3 * (a + (1 + i) * b * x + 2 * c * y + d * x * y)) for a, b, c, d in phase]
        made.append(torch.stack(waves) * 220 + torch.rand(channels, HEIGHT, WIDTH, generator=random) * 35)
    batch = torch.stack(made).to(torch.uint8)
    batch[1] = batch[1] // 3 + 60
    batch[-1, -1] = 77
    return batch.contiguous()


colour, grey = images(4, 3), images(2, 1)
saved["colour"], saved["grey"] = colour, grey


def fastai():
    # symmetry, warp x and y, degrees, zoom, column, row, brightness, contrast
    rows = [[0, 0, 0, 0, 1, 0.5, 0.5, 0.5, 1], [1, 0, 0, 0, 1, 0.5, 0.5, 0.5, 1], [0, 0.2, -0.1, 0, 1, 0.5, 0.5, 0.5, 1],
            [0, 0, 0, 9, 1, 0.5, 0.5, 0.5, 1], [0, 0, 0, 0, 1.1, 0.2, 0.9, 0.5, 1], [0, 0, 0, 0, 1, 0.5, 0.5, 0.6, 1],
            [0, 0, 0, 0, 1, 0.5, 0.5, 0.5, 0.8], [1, -0.15, 0.17, -8, 1.07, 0.7, 0.1, 0.42, 1.2]]
    rows += [[k, 0.1, 0.05, 5, 0.9, 0.4, 0.6, 0.55, 0.9] for k in range(2, 8)]
    draws = torch.tensor(rows, dtype=torch.float64)
    column = [c.tolist() for c in draws.float().unbind(1)]
    steps = setup_aug_tfms([
        Dihedral(p=1., draw=[int(k) for k in column[0]]), Warp(p=1., draw_x=column[1], draw_y=column[2]),
        Rotate(p=1., draw=column[3]), Zoom(p=1., draw=column[4], draw_x=column[5], draw_y=column[6]),
        Brightness(p=1., draw=column[7]), Contrast(p=1., draw=column[8])])
    batch = TensorImage(torch.stack([colour[i % 4] for i in range(len(rows))]).float() / 255)
    for step in steps:
        batch = step(batch, split_idx=0)
    saved["fastai.draws"], saved["fastai.images"] = draws, torch.Tensor(batch) * 255


def operations():
    magnitudes = {
        "ShearX": [0.3, -0.99, 0.17, -0.01], "ShearY": [0.99, -0.3, 0.05, -0.5], "TranslateX": [3, -9, 5.9, -0.4],
        "TranslateY": [7, -3.7, 2, -20], "Rotate": [30, -135, 7.3, 90], "Brightness": [0.9, -0.9, 0.27, -0.99],
        "Color": [0.9, -0.9, 0.33, -0.12], "Contrast": [0.9, -0.45, 0.99, -0.99], "Sharpness": [0.9, -0.9, 0.5, -0.2],
        "Posterize": [8, 4, 2, 0], "Solarize": [255, 0, 128, 110.5], "Hue": [0.5, -0.5, 0.1, -0.07]}
    for name in OPERATIONS:
        values = magnitudes.get(name, [0, 0, 0, 0])
        for what, batch in (("colour", colour), ("grey", grey)):
            for way in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
                moving = OPERATIONS.index(name) in range(1, 6)
                if way == InterpolationMode.BILINEAR and not moving:
                    continue
                made = [F.adjust_hue(image, value) if name == "Hue" else
                        autoaugment._apply_op(image, name, value, interpolation=way, fill=None)
                        for image, value in zip(batch, values)]
                saved[f"{what}.{OPERATIONS.index(name)}.{way.value}"] = torch.stack(made)
        saved[f"magnitudes.{OPERATIONS.index(name)}"] = torch.tensor(values, dtype=torch.float64)


def policies():
    size = (160, 224)  # height, width
    spaces = {"rand": autoaugment.RandAugment()._augmentation_space(31, size),
              "trivial": autoaugment.TrivialAugmentWide()._augmentation_space(31),
              "automatic": autoaugment.AutoAugment()._augmentation_space(10, size),
              "mixed": autoaugment.AugMix()._augmentation_space(10, size)}
    for name, space in spaces.items():
        saved[f"space.{name}"] = torch.stack([
            torch.cat([torch.tensor([OPERATIONS.index(op), float(either_sign)]),
                       values.double() if values.ndim else torch.zeros(31 if name in ("rand", "trivial") else 10)]).double()
            for op, (values, either_sign) in space.items()])
    for policy in autoaugment.AutoAugmentPolicy:
        saved[f"policy.{policy.value}"] = torch.tensor(
            [[[OPERATIONS.index(op), p, bin or 0] for op, p, bin in pair] for pair in autoaugment.AutoAugment(policy).policies],
            dtype=torch.float64)


def augmix():
    """Each image by itself, with what AugMix drew for it: the operations of three chains of two, and the weights."""
    torch.manual_seed(5)
    apply_op, weights, changes, made = autoaugment._apply_op, [], [], []

    def recorded(image, op, magnitude, **rest):
        changes.append([OPERATIONS.index(op), magnitude])
        return apply_op(image, op, magnitude, **rest)

    class Recorded(autoaugment.AugMix):
        def _sample_dirichlet(self, parameters):
            weights.append(super()._sample_dirichlet(parameters))
            return weights[-1]

    autoaugment._apply_op = recorded
    for image in colour:
        made.append(Recorded(chain_depth=2)(image))
    autoaugment._apply_op = apply_op
    saved["augmix.changes"] = torch.tensor(changes, dtype=torch.float64).view(4, 3, 2, 2)
    saved["augmix.kept"] = torch.cat(weights[::2])[:, 0].double()
    saved["augmix.weights"] = (torch.cat(weights[1::2]) * torch.cat(weights[::2])[:, 1:]).double()
    saved["augmix.images"] = torch.stack(made)


def mixing():
    labels, logits = torch.tensor([0, 1, 2, 3]), torch.randn(4, 5, generator=random)
    saved["mix.logits"] = logits
    np.random.seed(3)
    boxes, rand_bbox = [], timm_mixup.rand_bbox

    def recorded(*arguments, **rest):
        boxes.append(rand_bbox(*arguments, **rest))
        return boxes[-1]

    timm_mixup.rand_bbox = recorded
    for name, options in (("mixup", {"mixup_alpha": 0.8}), ("cutmix", {"mixup_alpha": 0., "cutmix_alpha": 1.})):
        batch, kept = colour.float(), []
        mixer = timm_mixup.Mixup(**options, label_smoothing=0.1, num_classes=5)
        parameters = mixer._params_per_batch
        mixer._params_per_batch = lambda: kept.append(parameters()) or kept[-1]
        out, targets = mixer(batch, labels)
        saved[f"{name}.keep"] = torch.tensor([kept[0][0]], dtype=torch.float64)
        saved[f"{name}.images"], saved[f"{name}.loss"] = out, SoftTargetCrossEntropy()(logits, targets).view(1)
    saved["cutmix.box"] = torch.tensor(boxes[0], dtype=torch.float64)  # top, bottom, left, right
    timm_mixup.rand_bbox = rand_bbox


def shares():
    """Means over many draws at 224 pixels: of random erasing the part that is erased at all, its height and width;
    of cutmix what is kept."""
    import random as python
    python.seed(2)
    erased = []
    eraser = RandomErasing(probability=1., device="cpu")
    for _ in range(5000):
        image = eraser(torch.ones(1, 224, 224)) == 0
        erased.append([float(image.any()), image.any(2).sum().item(), image.any(1).sum().item()])
    mixer = timm_mixup.Mixup(mixup_alpha=0., cutmix_alpha=1.)
    kept = [timm_mixup.cutmix_bbox_and_lam((224, 224), mixer._params_per_batch()[0])[1] for _ in range(5000)]
    saved["shares"] = torch.tensor([*np.mean(erased, 0), np.mean(kept)], dtype=torch.float64)


def symmetries():
    """The eight of a square: turned by right angles, then the same mirrored."""
    square = colour[0, :, :, :HEIGHT]
    turned = [F.rotate(square, 90 * k) for k in range(4)]
    saved["square"], saved["upside_down"] = square, F.vflip(square)
    saved["symmetries"] = torch.stack(turned + [F.hflip(image) for image in turned])


def test_time():
    """fastai's own tta() on the logits of four augmented views and, last, of the image itself."""
    logits = 3 * torch.randn(5, 6, 3, generator=random)

    class Stub(MagicMock):
        def get_preds(self, **_):
            return logits[next(self.view)].softmax(1), None

    saved["tta.logits"] = logits
    saved["tta.probabilities"] = Learner.tta(Stub(view=iter(range(5)), progress=Stub(mbar=range(4))), dl=MagicMock(), n=4)[0]


for part in (fastai, operations, policies, augmix, mixing, shares, symmetries, test_time):
    part()
save_file({name: value.contiguous() for name, value in saved.items()}, sys.argv[1])
