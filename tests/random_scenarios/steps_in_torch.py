"""Losses, penalties, clipping, schedules and optimizers, written with PyTorch from what the reference says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional


def loss(scenario: Any, output: Any, targets: Any, train: Any) -> Any:
    """The loss of a batch. train: the examples, for weights of their classes"""
    options, task = scenario.options, scenario.task
    name = options.get("loss")
    if task == "language-model":
        return F.cross_entropy(output.reshape(-1, output.shape[-1]), targets.reshape(-1).long())
    if task == "regress":
        targets = targets.reshape(output.shape)
        if name == "huber":
            return F.huber_loss(output, targets, delta=options.get("delta", 1.0))
        return F.l1_loss(output, targets) if name == "l1" else F.mse_loss(output, targets)
    if task == "label":
        return _of_labels(name, output, targets, train, "class_weights" in options)
    classes = targets.reshape(-1).long()
    weights = torch.ones(output.shape[1], dtype=output.dtype)
    if "class_weights" in options:
        counts = torch.bincount(torch.as_tensor(train.targets.astype(np.int64)).reshape(-1), minlength=len(weights))
        weights = torch.where(counts > 0, counts.sum() / ((counts > 0).sum() * counts.double().clamp(min=1)), 0.0)
    if name == "hinge":
        right = output.gather(1, classes[:, None])
        costs = (output - right + 1).clamp(min=0).scatter(1, classes[:, None], 0.0).sum(1)
    else:
        costs = F.cross_entropy(output, classes, reduction="none")
    return (costs * weights[classes]).sum() / weights[classes].sum()


def _of_labels(name: str, output: Any, targets: Any, train: Any, weighed: bool) -> Any:
    if name == "softmax":
        shares = targets / targets.sum(1, keepdim=True).clamp(min=1)
        return -(shares * F.log_softmax(output, 1)).sum(1).mean()
    if not weighed:
        return F.binary_cross_entropy_with_logits(output, targets)
    yes = torch.as_tensor(train.targets.astype(np.float64)).sum(0)
    counts = torch.stack([len(train.targets) - yes, yes])
    no, yes = torch.where(counts > 0, len(train.targets) / (2 * counts.clamp(min=1)), 0.0)
    weights = targets * yes + (1 - targets) * no
    costs = F.binary_cross_entropy_with_logits(output, targets, reduction="none")
    return (costs * weights).sum() / weights.sum()


def finished(settings: Mapping[str, Any], weights: Mapping[str, Any], gradients: Mapping[str, Any]) -> dict[str, Any]:
    """The gradient with penalties, clipped."""
    made = {}
    for name, gradient in gradients.items():
        penalised = name.endswith(".weight") or (settings.get("penalise_biases") and name.endswith(".bias"))
        if penalised:
            gradient = gradient + (settings.get("l2") or 0) * weights[name]
            gradient = gradient + (settings.get("l1") or 0) * torch.sign(weights[name])
        made[name] = gradient
    limit, by = settings.get("clip"), settings.get("clip_by", "norm")
    if limit is None:
        return made
    if by == "value":
        return {name: each.clamp(-limit, limit) for name, each in made.items()}
    square = sum(float((each**2).sum()) for each in made.values())
    length = math.sqrt(square) if by == "norm" else square
    return {name: each * min(1.0, limit / max(length, 1e-300)) for name, each in made.items()}


def rate(settings: Mapping[str, Any], step: int) -> float:
    """The learning rate in a step, the first being number 0. settings: of the optimizer, lengths counted in steps"""
    value, begin = settings["rate"], 0
    following = settings.get("schedule") or []
    for each in following if isinstance(following, list) else [following]:
        name, chosen = (each, {}) if isinstance(each, str) else next(iter(each.items()))
        length = chosen.get("steps")
        if step < begin:
            break
        value *= _factor(name, chosen, step - begin if length is None else min(step - begin, length), length)
        begin += length or 0
    return float(value)


def _factor(name: str, chosen: Mapping[str, Any], t: int, length: int | None) -> float:
    low = chosen.get("low", 0)
    if name == "exponential":
        return math.exp(-chosen["decay"] * t)
    if name == "inverse":
        return 1 / (1 + chosen["decay"] * t)
    if name == "step":
        return float(chosen.get("factor", 0.5) ** (t // chosen["every"]))
    if name == "warm_up":
        return min(1.0, (t + 1) / (length or 1))
    if name == "cosine":
        return float(low + (1 - low) * (1 + math.cos(math.pi * t / (length or 1))) / 2)
    if name == "cyclic":
        share = (t % chosen["period"]) / chosen["period"]
        if chosen.get("shape") == "triangle":
            return float(low + (1 - low) * (1 - abs(1 - 2 * share)))
        return float(low + (1 - low) * (1 + math.cos(math.pi * share)) / 2)
    return 1.0


class Steps:
    """The steps of an optimizer, one parameter after the other."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings, self.states, self.count = settings, dict[tuple[str, str], Any](), 0

    def _state(self, name: str, which: str, like: Any) -> Any:
        return self.states.setdefault((name, which), torch.zeros_like(like))

    def step(self, weights: Mapping[str, Any], gradients: Mapping[str, Any], rate: float) -> dict[str, Any]:
        """What the parameters become."""
        self.count += 1
        kind, made = self.settings["name"], {}
        for name, weight in weights.items():
            after = getattr(self, f"_{kind}")(name, weight, gradients[name], rate)
            made[name] = self._limited(name, after)
        return made

    def _limited(self, name: str, weight: Any) -> Any:
        limit = self.settings.get("max_norm")
        if limit is None or not name.endswith(".weight") or weight.dim() < 2:
            return weight
        lengths = (weight**2).sum(tuple(range(weight.dim() - 1)), keepdim=True).sqrt()
        return weight * (limit / lengths.clamp(min=1e-300)).clamp(max=1)

    def _sgd(self, name: str, w: Any, g: Any, rate: float) -> Any:
        momentum, nesterov = self.settings.get("momentum"), self.settings.get("nesterov")
        if momentum is None and not nesterov:
            return w - rate * g
        momentum = momentum or 0.0
        before = self._state(name, "velocity", w)
        if nesterov:
            after = self.states[name, "velocity"] = momentum * before - rate * g
            return w + (1 + momentum) * after - momentum * before
        after = self.states[name, "velocity"] = momentum * before + g
        return w - rate * after

    def _adam(self, name: str, w: Any, g: Any, rate: float) -> Any:
        one, two = self.settings.get("beta_1", 0.9), self.settings.get("beta_2", 0.999)
        first = self.states[name, "first"] = one * self._state(name, "first", w) + (1 - one) * g
        second = self.states[name, "second"] = two * self._state(name, "second", w) + (1 - two) * g**2
        if self.settings.get("corrected", True):
            first, second = first / (1 - one**self.count), second / (1 - two**self.count)
        return w - rate * first / (second.sqrt() + self.settings.get("epsilon", 1e-8))

    def _adamw(self, name: str, w: Any, g: Any, rate: float) -> Any:
        decay = self.settings.get("weight_decay", 0.01) if name.endswith(".weight") else 0
        return self._adam(name, w - rate * decay * w, g, rate)

    def _rmsprop(self, name: str, w: Any, g: Any, rate: float) -> Any:
        decay = self.settings.get("decay", 0.99)
        second = self.states[name, "second"] = decay * self._state(name, "second", w) + (1 - decay) * g**2
        return w - rate * g / (second.sqrt() + self.settings.get("epsilon", 1e-7))

    def _adagrad(self, name: str, w: Any, g: Any, rate: float) -> Any:
        second = self.states[name, "second"] = self._state(name, "second", w) + g**2
        return w - rate * g / (second.sqrt() + self.settings.get("epsilon", 1e-7))
