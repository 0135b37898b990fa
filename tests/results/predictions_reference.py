#!/usr/bin/env python3
"""Writes tests/data/logits/: logits of two classifiers as the worker keeps them, and what NumPy, SciPy and
scikit-learn compute of them. Needs those and safetensors:

    predictions_reference.py tests/data/logits
"""
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, chi2, norm
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, top_k_accuracy_score

folder = Path(sys.argv[1])
random = np.random.default_rng(8)
n, classes = 300, 7
labels = random.integers(classes, size=n).astype(np.int32)
shared = random.normal(size=(n, classes))  # the same images are hard for both
logits = [(3 * (np.eye(classes)[labels] * help + shared + noise * random.normal(size=(n, classes)))).astype(np.float16)
          for help, noise in ((2.0, 0.4), (1.6, 0.7))]


def of(z):
    z = z.astype(np.float64)
    p = softmax(z, axis=1)
    confidence, right = p.max(1), p.argmax(1) == labels
    bins = np.ceil(confidence * 15) - 1
    error = sum(abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    loss_at = lambda t: -log_softmax(z / np.exp(t), axis=1)[np.arange(n), labels].mean()
    best = minimize_scalar(loss_at, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10})
    return {
        "top1": accuracy_score(labels, p.argmax(1)), "top5": top_k_accuracy_score(labels, p, k=5),
        "loss": log_loss(labels, p), "brier": ((p - np.eye(classes)[labels]) ** 2).sum(1).mean(),
        "ece": error, "temperature": np.exp(best.x), "loss_scaled": best.fun,
        "confusion": confusion_matrix(labels, p.argmax(1)).tolist(),
    }


first, second = (z.argmax(1) == labels for z in logits)
a, b = int((first & ~second).sum()), int((second & ~first).sum())
mean = (softmax(logits[0].astype(np.float64), axis=1) + softmax(logits[1].astype(np.float64), axis=1)) / 2
# Bonett and Price: Wald's interval after one more image of each kind on which they differ.
p1, p2 = (a + 1) / (n + 2), (b + 1) / (n + 2)
reach = norm.ppf(0.975) * np.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))
expected = {
    "first": of(logits[0]), "second": of(logits[1]),
    "mean": {"top1": accuracy_score(labels, mean.argmax(1)), "top5": top_k_accuracy_score(labels, mean, k=5),
             "loss": log_loss(labels, mean)},
    "only_first": a, "only_second": b,
    "exact": binomtest(a, a + b).pvalue, "corrected": chi2.sf((abs(a - b) - 1) ** 2 / (a + b), 1),
    "low": p1 - p2 - reach, "high": p1 - p2 + reach,
}
for name, z in zip(("first", "second"), logits):
    about = {"class_names": [f"class {c}" for c in range(classes)], "split_hash": "0123456789abcdef"}
    save_file({"logits": z, "labels": labels, "images": np.arange(100, 100 + n, dtype=np.uint32)},
              folder / f"{name}.safetensors", {"archsweep_logits": json.dumps(about)})
(folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
