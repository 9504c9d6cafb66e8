"""Sequences of several lengths: padding behind the end changes nothing, in PyTorch's numbers and in the lab's own."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph import Layout, assign, data
from lab.graph import functions as f
from lab.graph.gradients import differentiate
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.column_inputs import column_inputs
from lab.nets.network import Network

SYMBOLS, WIDTH, UNITS = 9, 4, 5
LENGTHS = [7, 3, 1, 5]
RANDOM = np.random.default_rng(3)
TEXTS = [RANDOM.integers(1, SYMBOLS, length) for length in LENGTHS]
EMBEDDED = {"embedding": WIDTH}


def padded(time, texts=TEXTS):
    made = np.zeros((len(texts), time))
    for row, text in zip(made, texts, strict=True):
        row[: len(text)] = text
    return made


class Built:
    """A network on tokens, run once in float64, with the gradients of the sum of its outputs, weighed by `WEIGHTS`."""

    def __init__(self, model, x, training=False):
        self.network = Network(model, None, 2, 0, AdjustableNumbers(), before=column_inputs((), SYMBOLS))
        y, self.parts = self.network.apply(data(x, "x"), training=training)
        names, members = zip(*self.network.parameters.members.items(), strict=True)
        weighed = f.sum(f.multiply(y, data(WEIGHTS[: y.size].reshape(y.shape), "weights")))
        kept = Storage("statistics")
        found = {"y": y} | {
            name: each for name, each in zip(names, differentiate(weighed, members), strict=True) if each is not None
        }
        wanted = {name: assign(each, kept.member(name, each.shape)) for name, each in found.items()}
        layout = Layout({"run": list(wanted.values())})
        memory = layout.memory(layout.shared_memory("float64"), 0)
        self.values = {
            name: np.random.default_rng(len(name)).normal(size=tensor.shape)
            for name, tensor in self.network.kept.items()
        }
        for name, value in self.values.items():
            layout.view(memory, self.network.kept[name])[...] = value
        bind(layout.plans["run"], memory).run()
        self.found = {name: layout.view(memory, tensor).copy() for name, tensor in wanted.items()}
        self.y = self.found["y"]


WEIGHTS = np.random.default_rng(8).normal(size=10_000)
LAST = {"units": UNITS, "return": "last"}
MODELS = {
    "rnn": [EMBEDDED, {"rnn": LAST}],
    "lstm": [EMBEDDED, {"lstm": LAST}],
    "gru": [EMBEDDED, {"gru": LAST}],
    "without embedding": [{"lstm": LAST}, {"dense": 2}],
    "both ways": [EMBEDDED, {"lstm": LAST | {"bidirectional": True, "layers": 2}}],
    "states": [EMBEDDED, {"gru": {"units": 3, "bidirectional": True}}, "global_max_pool"],
    "mean": [EMBEDDED, {"dense": 6}, "relu", "global_average_pool"],
    "largest": [EMBEDDED, "layer_norm", {"shift": -50.0}, "global_max_pool"],
    "same": [EMBEDDED, {"conv1d": 3, "kernel_size": 4, "padding": "same"}, "tanh", "global_average_pool"],
    "convolution": [EMBEDDED, {"conv1d": 3, "kernel_size": 3}, "relu", "global_max_pool"],
    "dilated": [
        EMBEDDED,
        {"conv1d": 3, "kernel_size": 2, "dilation": 2, "padding": 2},
        {"conv1d": 4, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 1},
        "global_average_pool",
    ],
    "windows of several sizes": [
        EMBEDDED,
        {"parallel": [[{"conv1d": 3, "kernel_size": k}, "relu", "global_max_pool"] for k in (1, 2, 3)]},
        {"dense": 2},
    ],
    "attention": [
        EMBEDDED,
        {"positional_encoding": "sinusoidal"},
        {"transformer": 2, "dim_feedforward": 6},
        {"multi_head_attention": 1, "causal": True},
        "global_average_pool",
    ],
    "residual": [
        EMBEDDED,
        {"residual": [{"conv1d": WIDTH, "kernel_size": 3, "padding": "same"}, "tanh"]},
        {"dropout": 0.5},
        {"parallel": ["identity", {"dense": 2}]},
        {"gru": LAST},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_padding_changes_neither_outputs_nor_gradients(name):
    """As many places as the longest text has, or many more; and each text alone gives the same."""
    close, wide = Built(MODELS[name], padded(max(LENGTHS))), Built(MODELS[name], padded(23))
    np.testing.assert_allclose(wide.y, close.y, rtol=1e-12, atol=1e-14)
    for parameter, gradient in close.found.items():
        np.testing.assert_allclose(wide.found[parameter], gradient, rtol=1e-11, atol=1e-13, err_msg=parameter)
    assert len(close.found) == 1 + len(close.network.parameters.members)
    for place, text in enumerate(TEXTS):
        if len(text) >= 3:
            alone = Built(MODELS[name], padded(len(text), [text]))
            np.testing.assert_allclose(alone.y[0], close.y[place], rtol=1e-12, atol=1e-14)
    if "embedding1.weight" in close.found:
        assert not close.found["embedding1.weight"][0].any()  # the row of the padding is never trained


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("both", [False, True])
def test_it_is_what_pytorch_does_with_packed_sequences(kind, both):
    torch = pytest.importorskip("torch")
    model = [EMBEDDED, {kind: LAST | {"bidirectional": both}}]
    ours = Built(model, padded(11))
    layer = getattr(torch.nn, kind.upper())(WIDTH, UNITS, batch_first=True, bidirectional=both, dtype=torch.float64)
    table = torch.nn.Embedding(SYMBOLS, WIDTH, padding_idx=0, dtype=torch.float64)
    # The gates stand in another order: i f o g here, i f g o there; r z n in both.
    order = {"rnn": [0], "lstm": [0, 1, 3, 2], "gru": [0, 1, 2]}[kind]

    def moved(value):
        parts = np.split(value, len(order), axis=-1)
        return torch.tensor(np.concatenate([parts[each] for each in order], axis=-1).T.copy())

    with torch.no_grad():
        table.weight.copy_(torch.tensor(ours.values["embedding1.weight"]))
        for prefix, end in (("", ""), ("backward.", "_reverse"))[: 1 + both]:
            value = lambda name, prefix=prefix: ours.values[f"{kind}1.{prefix}{name}"]  # noqa: E731
            getattr(layer, f"weight_ih_l0{end}").copy_(moved(value("input.weight")))
            getattr(layer, f"weight_hh_l0{end}").copy_(moved(value("recurrent.weight")))
            getattr(layer, f"bias_ih_l0{end}").copy_(moved(value("bias")))
            hidden = getattr(layer, f"bias_hh_l0{end}")
            hidden.zero_()
            if kind == "gru":
                hidden[2 * UNITS :] = torch.tensor(value("candidate.bias"))
    x = table(torch.tensor(padded(11)).long())
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    _, last = layer(packed)
    states = last[0] if kind == "lstm" else last
    expected = torch.cat(list(states), dim=-1)
    np.testing.assert_allclose(ours.y, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    (expected * torch.tensor(WEIGHTS[: expected.numel()].reshape(expected.shape))).sum().backward()
    found = ours.found["embedding1.weight"]
    np.testing.assert_allclose(found, table.weight.grad.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("padding", "stride", "zeros"), [(1, 2, (1, 1)), ("causal", 1, (4, 0)), ("same", 1, (2, 2))])
def test_conv1d_is_that_of_pytorch(padding, stride, zeros):
    torch = pytest.importorskip("torch")
    x = RANDOM.normal(size=(3, 12, 4))
    settings = {"kernel_size": 3, "stride": stride, "dilation": 2, "groups": 2}
    network = Network([{"conv1d": 6, "padding": padding, **settings}], None, 2, 0, AdjustableNumbers())
    y, _ = network.apply(data(x, "x"), training=False)
    y = assign(y, Storage("statistics").member("y", y.shape))
    layout = Layout({"run": [y]})
    memory = layout.memory(layout.shared_memory("float64"), 0)
    layer = torch.nn.Conv1d(4, 6, dtype=torch.float64, **settings)
    weight, bias = network.kept["conv1d1.weight"], network.kept["conv1d1.bias"]
    layout.view(memory, weight)[...] = layer.weight.detach().numpy().transpose(2, 1, 0)
    layout.view(memory, bias)[...] = layer.bias.detach().numpy()
    bind(layout.plans["run"], memory).run()
    expected = (
        layer(torch.tensor(np.pad(x, ((0, 0), zeros, (0, 0))).transpose(0, 2, 1))).detach().numpy().transpose(0, 2, 1)
    )
    np.testing.assert_allclose(layout.view(memory, y), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ([{"dense": 2}], "dense1 gets tokens, which are numbers of words: put `{embedding: 32}` before it"),
        ([EMBEDDED, "batch_norm"], "batch_norm1 would count the padding behind texts that are shorter"),
        ([EMBEDDED, {"parallel": [["batch_norm"], "identity"]}], "batch_norm1 would count the padding"),
        ([EMBEDDED, {"conv": 3, "kernel_size": 2}], "conv1 would count the padding"),
        ([{"conv1d": 3, "kernel_size": 2}], "conv1d1 gets tokens"),
        ([EMBEDDED, {"maxout": 3}], "maxout1 would count the padding"),
    ],
)
def test_layers_that_would_count_padding_are_refused(model, told):
    with pytest.raises(InvalidValue, match=told):
        Built(model, padded(8))


def test_rows_of_a_text_are_what_later_layers_may_normalise():
    assert Built([EMBEDDED, {"lstm": LAST}, "batch_norm", {"dense": 2}], padded(8)).y.shape == (4, 2)
    flat = Built([EMBEDDED, {"shift": 1.0}, "flatten"], padded(8)).y
    assert not flat.reshape(4, 8, WIDTH)[1, 3:].any()
