"""Recurrent layers step by step with PyTorch: one direction of one layer, and what each kind does in a step."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional


def walk(x: Any, own: Any, prefix: str, step: Any, units: int, settings: Any) -> tuple[Any, Any]:
    part = {key.removeprefix(prefix): value for key, value in own.items() if key.startswith(prefix)}
    weight = part["input.weight"]
    added = weight[x.long()] if x.dim() == 2 else x @ weight
    states, made = (torch.zeros(len(x), units, dtype=weight.dtype),) * 2, []
    for place in range(x.shape[1]):
        states = step(added[:, place], states, part, settings)
        made.append(states[0])
    return torch.stack(made, 1), states[0]


def rnn_step(added: Any, states: Any, own: Any, settings: Any) -> Any:
    total = added + states[0] @ own["recurrent.weight"] + own.get("bias", 0)
    return (F.relu(total) if settings.get("nonlinearity") == "relu" else torch.tanh(total), states[1])


def lstm_step(added: Any, states: Any, own: Any, settings: Any) -> Any:
    total = added + states[0] @ own["recurrent.weight"] + own.get("bias", 0)
    enter, keep, show, new = total.chunk(4, 1)
    cell = torch.sigmoid(keep) * states[1] + torch.sigmoid(enter) * torch.tanh(new)
    return torch.sigmoid(show) * torch.tanh(cell), cell


def gru_step(added: Any, states: Any, own: Any, settings: Any) -> Any:
    units = states[0].shape[1]
    bias = own["bias"] if "bias" in own else torch.zeros(3 * units, dtype=added.dtype)
    inner = own.get("candidate.bias", 0)
    from_state = states[0] @ own["recurrent.weight"]
    reset, update = torch.sigmoid((added + from_state + bias)[:, : 2 * units]).chunk(2, 1)
    new = torch.tanh(added[:, 2 * units :] + bias[2 * units :] + reset * (from_state[:, 2 * units :] + inner))
    return (1 - update) * new + update * states[0], states[1]
