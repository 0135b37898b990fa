"""Trains a timm model on random images and prints the samples per second of its second epoch. Started by run.py and
train_speed.py."""
import json
import sys
import time

import timm
import torch

o = json.loads(sys.argv[1])
torch.set_num_threads(o["threads"])
torch.manual_seed(0)
sized = {"img_size": o["size"]} if "vit" in o["name"] else {}
model = timm.create_model(o["name"], num_classes=10, **sized).train()
layout = torch.channels_last if o["layout"] == "channels_last" else torch.contiguous_format
model = model.to(memory_format=layout)
fused = {"fused": True} if o.get("fused") else {}
if o.get("optimizer", "adamw") == "sgd":  # timm's train.py and benchmark.py
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=2e-5, **fused)
else:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, **fused)
images = torch.randint(0, 256, (o["images"], o["size"], o["size"], 3), dtype=torch.uint8)
labels = torch.arange(o["images"]) % 10
mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
scale = 1 / (torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255)
for epoch in range(2):
    begin = time.perf_counter()
    order = torch.randperm(o["images"])
    for batch in order.split(o["batch"]):
        pixels = images[batch].permute(0, 3, 1, 2).float().sub(mean).mul(scale).contiguous(memory_format=layout)
        loss = torch.nn.functional.cross_entropy(model(pixels), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
    seconds = time.perf_counter() - begin
print(o["images"] / seconds)
