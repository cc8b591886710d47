"""Optimiser steps of PyTorch, as the metadata of a trajectory case (tests/conformance/trajectory-*.safetensors) says.

One step s = 0, 1, ... of a case, in this order:
    1. loss: cross-entropy averaged over all pixels and images of the step; it is recorded before the parameters move
    2. gradient g of that loss
    3. clipping (clip_norm > 0): g *= min(1, clip_norm / (|g| + 1e-6)), |g| the 2-norm over all parameters together
    4. rate = lr * factor(s); factor is 1, or for the schedule "cosine" (1 + cos(pi s / number of steps)) / 2
    5. the optimiser's update with weight decay; the decay "l2" is added to the clipped gradient
The fields, all of them text: see FIELDS below. Two older cases lack some; `optimizer_fields` fills them.
"""
import math

import torch
from torch.nn import functional as F

# What a field is when a case does not have it. Adam's weight_decay of trajectory-adam was never applied: `decay` says so.
FIELDS = {
    "optimizer": "adam",     # sgd, adam or adamw
    "lr": "0.001",           # > 0, before the schedule
    "decay": "",             # none; l2: g += weight_decay * p; decoupled: p -= rate * weight_decay * p
    "weight_decay": "0",
    "momentum": "0",         # sgd: b = momentum * b + g with b = 0 at first, p -= rate * b; no dampening
    "nesterov": "false",     # sgd, true: p -= rate * (g + momentum * b)
    "beta1": "0.9",          # adam, adamw
    "beta2": "0.999",
    "epsilon": "1e-08",
    "clip_norm": "0",        # 0: gradients are not clipped
    "schedule": "constant",  # or cosine
}


def optimizer_fields(metadata):
    """The fields of FIELDS, each from the metadata or as it is without. Throws ValueError for a word it does not know."""
    fields = {name: metadata.get(name, usual) for name, usual in FIELDS.items()}
    fields["decay"] = fields["decay"] or ("decoupled" if fields["optimizer"] == "adamw" else "none")
    known = {"optimizer": ("sgd", "adam", "adamw"), "decay": ("none", "l2", "decoupled"), "nesterov": ("true", "false"),
             "schedule": ("constant", "cosine")}
    for name, words in known.items():
        if fields[name] not in words:
            raise ValueError(f"{name}: expected one of {words}, found {fields[name]}")
    if (fields["decay"] == "decoupled") != (fields["optimizer"] == "adamw"):
        raise ValueError(f"decay: {fields['decay']} is not what {fields['optimizer']} does")
    return fields


def make_optimizer(metadata, parameters, **how):
    """PyTorch's optimiser for the parameters. `how` goes to it: foreach, fused."""
    fields = optimizer_fields(metadata)
    decay = 0.0 if fields["decay"] == "none" else float(fields["weight_decay"])
    options = dict(lr=float(fields["lr"]), weight_decay=decay, **how)
    if fields["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, momentum=float(fields["momentum"]), dampening=0,
                               nesterov=fields["nesterov"] == "true", **options)
    kind = torch.optim.AdamW if fields["optimizer"] == "adamw" else torch.optim.Adam
    return kind(parameters, betas=(float(fields["beta1"]), float(fields["beta2"])), eps=float(fields["epsilon"]), **options)


def make_schedule(metadata, optimizer, steps):
    """PyTorch's schedule over `steps` steps; call its step() behind the optimiser's. None when the rate is constant."""
    if optimizer_fields(metadata)["schedule"] == "constant":
        return None
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=0.0)


def trajectory(model, metadata, inputs, targets, run=None, one_by_one=False, **how):
    """One optimiser step for every element of inputs (steps, images, c, H, W) and targets (steps, images, H, W).

    `model` moves; `run` (model when None) is what computes its scores. `one_by_one` adds up the gradient image by image.
    Returns the losses before each step and the norms of the gradient before clipping, two lists of numbers.
    """
    run = run or model
    trained = list(model.parameters())
    optimizer = make_optimizer(metadata, trained, **how)
    schedule = make_schedule(metadata, optimizer, len(inputs))
    clip_norm = float(optimizer_fields(metadata)["clip_norm"]) or math.inf
    losses, norms = [], []
    for images, target in zip(inputs, targets):
        optimizer.zero_grad(set_to_none=True)
        loss = 0.0
        for part, part_target in zip(images.split(1), target.split(1)) if one_by_one else [(images, target)]:
            part_loss = F.cross_entropy(run(part), part_target) * (len(part) / len(images))
            part_loss.backward()
            loss += part_loss.item()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, clip_norm).item())
        optimizer.step()
        if schedule:
            schedule.step()
        losses.append(loss)
    return losses, norms
