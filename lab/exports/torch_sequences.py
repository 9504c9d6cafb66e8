"""Recurrent layers, parts of arrays and tokens for PyTorch: calls of small functions that are written into the file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.data.tables.vocabulary import TOKEN
from lab.errors import BadInput
from lab.exports.tracing import EXAMPLES, Trace
from lab.graph.tensor import Call, Tensor

Word = Callable[[Tensor], str]

RECURRENT = {"rnn": 2, "lstm": 3, "gru": 2}
"""How many results of each recurrent kernel other layers may read: the states, the last state, and the last cell."""


def recurrent(call: Call, word: Word, traced: Trace) -> str:
    """All steps of a recurrent layer. Raises BadInput for one that begins with a fixed state other than 0."""
    rows, symbols, mask, weight, bias, *rest = call.reads
    kernel, label = call.kernel.name, call.label
    entering = f"{word(rows)}[{word(symbols)}.long()]" if call.integers["looked_up"] else word(rows)
    entering = f"{entering}.reshape(-1, {mask.shape[1]}, {rows.shape[-1]})"
    biases, first = [word(bias)], rest
    if kernel == "gru":
        biases.append(word(rest[0]))
        first = rest[1:]
    if any(id(each) not in traced.values or traced.values[id(each)].any() for each in first):
        raise BadInput(f"{label}: a recurrent layer that begins with a state of its own has no export.")
    everywhere = id(mask) in traced.values and bool(traced.values[id(mask)].all())
    if id(mask) in traced.values and not everywhere:
        raise BadInput(f"{label}: a mask that is the same for all examples has no export.")
    more = f", torch.{'relu' if call.integers['rectified'] else 'tanh'}" if kernel == "rnn" else ""
    return f"_{kernel}({entering}, {'None' if everywhere else word(mask)}, {word(weight)}, {', '.join(biases)}{more})"


def window(call: Call, read: str, constant: bool) -> str:
    """Numbers of an array at places that stand at regular distances, backwards too, or that come again: of each example
    by itself. constant: whether they are the same for all examples. Raises BadInput for a part of the batch."""
    (x,), (y,) = call.reads, call.results
    extents = y.shape if len(y.shape) == 4 else (1, 1, *y.shape)
    strides = [call.integers[f"stride_{axis}"] for axis in "abcd"]
    offset = call.integers.get("offset", 0)
    batch = next((axis for axis, extent in enumerate(extents) if extent != 1), 0)
    own = [extent // EXAMPLES if axis == batch else extent for axis, extent in enumerate(extents)]
    axes = extents if len(y.shape) == 4 else (-1, *y.shape[1:])
    shape = ", ".join(str(-1 if len(y.shape) == 4 and axis == batch else each) for axis, each in enumerate(axes))
    if constant:
        if extents[batch] % EXAMPLES or strides[batch]:
            raise BadInput(f"{call.label}: numbers that differ from example to example have no export here.")
        made = f"_window({read}.reshape(1, -1), {offset}, {tuple(own)}, {tuple(strides)}).repeat(len(x), 1, 1, 1, 1)"
        return f"{made}.reshape({shape})"
    each = x.size // EXAMPLES
    grid = np.indices(own).reshape(4, -1)
    places = offset + np.tensordot(strides, grid, 1)
    apart = strides[batch] * own[batch]
    if extents[batch] % EXAMPLES or apart != each or places.min() < 0 or places.max() >= each:
        raise BadInput(f"{call.label}: a part of the batch of examples has no export.")
    made = f"_window({read}.reshape(len(x), -1), {offset}, {tuple(own)}, {tuple(strides)})"
    return f"{made}.reshape({shape})"


def functions(body: str) -> str:
    """The functions that a network's expressions call, and those that these call."""
    called: list[str] = []
    for name, text in reversed(_FUNCTIONS.items()):
        if f"{name}(" in body or any(f"{name}(" in each for each in called):
            called.append(text)
    return "".join(f"\n\n{text}" for text in reversed(called))


_FUNCTIONS = {
    "_window": '''def _window(x, offset, extents, strides):
    """Of each row of x the numbers at offset + Σ index · stride: [rows, *extents]."""
    places = torch.tensor(offset, device=x.device)
    for extent, stride in zip(extents, strides):
        places = places[..., None] + stride * torch.arange(extent, device=x.device)
    return x[:, places]
''',
    "_tokens": f'''def _tokens(texts, column):
    """The numbers of each text's tokens: 0 behind its end, 1 for one that training did not know."""
    import re

    known = {{token: number for number, token in enumerate(column["texts"], 2)}}
    made = np.zeros((len(texts), column["length"]))
    for row, text in zip(made, texts):
        words = re.findall(r"{TOKEN.pattern}", text.lower())
        words = [each.replace("’", "'") for each in words]
        tokens = list(text.lower()) if column.get("split") == "character" else words
        tokens = tokens[-len(row) :] if column.get("truncating") == "pre" else tokens[: len(row)]
        row[: max(1, len(tokens))] = [known.get(each, 1) for each in tokens] or 1
    return made
''',
    "_kept": '''def _kept(new, old, mask, step):
    """The new state where a sequence goes on, the old one behind its end."""
    if mask is None:
        return new
    goes_on = mask[:, step, None]
    return goes_on * new + (1 - goes_on) * old
''',
    "_rnn": '''def _rnn(rows, mask, weight, bias, activation):
    """The states of a simple recurrent network, [examples, time, units], and the last one; rows are what comes in at
    each step."""
    h, states = rows.new_zeros(len(rows), len(weight)), []
    for step in range(rows.shape[1]):
        h = _kept(activation(rows[:, step] + h @ weight + bias), h, mask, step)
        states.append(h)
    return torch.stack(states, 1), h
''',
    "_lstm": '''def _lstm(rows, mask, weight, bias):
    """The states of an LSTM, the last one and the last cell; its gates i, f, o and g stand side by side."""
    h = c = rows.new_zeros(len(rows), len(weight))
    states = []
    for step in range(rows.shape[1]):
        i, f, o, g = (rows[:, step] + h @ weight + bias).chunk(4, -1)
        cell = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = _kept(torch.sigmoid(o) * torch.tanh(cell), h, mask, step)
        c = _kept(cell, c, mask, step)
        states.append(h)
    return torch.stack(states, 1), h, c
''',
    "_gru": '''def _gru(rows, mask, weight, bias, candidate_bias):
    """The states of gated recurrent units and the last one; r, z and the candidate n stand side by side."""
    h, states = rows.new_zeros(len(rows), len(weight)), []
    for step in range(rows.shape[1]):
        entering, before = (rows[:, step] + bias).chunk(3, -1), (h @ weight).chunk(3, -1)
        r, z = (torch.sigmoid(entering[place] + before[place]) for place in (0, 1))
        n = torch.tanh(entering[2] + r * (before[2] + candidate_bias))
        h = _kept((1 - z) * n + z * h, h, mask, step)
        states.append(h)
    return torch.stack(states, 1), h
''',
}
"""By name; those that are called by others stand before these."""
