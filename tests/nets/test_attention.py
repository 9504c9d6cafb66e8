"""Self-attention, positions and transformer blocks: against PyTorch and finite differences, both in float64."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph import Layout, assign, data, differentiate
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.layers.positional_encoding import sinusoids
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.counting import count

RNG = np.random.default_rng(5)
X = RNG.standard_normal((2, 5, 8))
UPSTREAM = RNG.standard_normal((2, 5, 8))
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])


class Built:
    """A network in float64, with weights that no training made, all of them other than those it begins with."""

    def __init__(self, model, x=X, mask=None, training=False, seed=3):
        self.network = Network(model, None, 5, 0, AdjustableNumbers())
        given, kept = Storage("states"), Storage("statistics")
        self.x, upstream = given.member("x", x.shape), given.member("upstream", UPSTREAM.shape)
        states = SequenceStates(mask=None if mask is None else data(mask, "mask"))
        y, self.parts = self.network.apply(self.x, training=training, sequence=states)
        self.places = {**self.network.kept, "x": self.x}
        wanted = {"y": y} | {part.name: part.attention for part in self.parts if part.attention is not None}
        if y.shape == UPSTREAM.shape:
            found = differentiate(y, list(self.places.values()), upstream)
            wanted |= {f"d {name}": each for name, each in zip(self.places, found, strict=True) if each is not None}
        wanted = {name: assign(each, kept.member(name, each.shape)) for name, each in wanted.items()}
        self._layout = Layout({"run": list(wanted.values())})
        self._memory, self._wanted = self._layout.memory(self._layout.shared_memory("float64"), seed), wanted
        chance = np.random.default_rng(1)
        self.values = {name: 0.5 * chance.standard_normal(each.shape) for name, each in self.network.kept.items()}
        self.values |= {"x": x}
        for name, number in self.network.settings.first.items():
            setting = self.network.settings.storage.members[name]
            if self._layout.knows(setting):
                self._layout.view(self._memory, setting)[...] = number
        if self._layout.knows(upstream):
            self._layout.view(self._memory, upstream)[...] = UPSTREAM

    def change(self, name, value):
        self._layout.view(self._memory, self.network.settings.storage.members[name])[...] = value

    def run(self, **changed):
        for name, value in (self.values | changed).items():
            if self._layout.knows(self.places[name]):
                self._layout.view(self._memory, self.places[name])[...] = value
        bind(self._layout.plans["run"], self._memory).run()
        return {name: self._layout.view(self._memory, each).copy() for name, each in self._wanted.items()}


def by_finite_differences(built, step=1e-6):
    """The gradients of Σ upstream y, by name."""
    made = {}
    for name, value in built.values.items():
        gradient = np.zeros(value.size)
        for place in range(value.size):
            moved = np.zeros(value.size)
            moved[place] = step
            moved = moved.reshape(value.shape)
            up, down = (built.run(**{name: value + sign * moved})["y"] for sign in (1, -1))
            gradient[place] = ((up - down) * UPSTREAM).sum() / (2 * step)
        made[name] = gradient.reshape(value.shape)
    return made


@pytest.mark.parametrize(
    ("model", "mask"),
    [
        ([{"multi_head_attention": 2}], None),
        ([{"multi_head_attention": {"num_heads": 4, "causal": True, "bias": False, "scale": 0.7}}], MASK),
        ([{"positional_encoding": "learned"}, {"transformer": {"num_heads": 2, "dim_feedforward": 3}}], MASK),
        (["positional_encoding", {"transformer": {"norm_first": True, "nonlinearity": "gelu", "causal": True}}], None),
    ],
)
def test_gradients_are_finite_differences(model, mask):
    built = Built(model, mask=mask)
    found = built.run()
    for name, right in by_finite_differences(built).items():
        np.testing.assert_allclose(found[f"d {name}"], right, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_attention_is_that_of_pytorch(heads, causal, padded):
    torch = pytest.importorskip("torch")
    built = Built([{"multi_head_attention": {"num_heads": heads, "causal": causal}}], mask=MASK if padded else None)
    made = torch.nn.MultiheadAttention(8, heads, batch_first=True, dtype=torch.float64)
    give(torch, made, built.values, "multi_head_attention1.")
    x = torch.tensor(X, requires_grad=True)
    later = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    behind = torch.tensor(MASK == 0) if padded else None
    y, weights = made(x, x, x, key_padding_mask=behind, attn_mask=later, average_attn_weights=False)
    y.backward(torch.tensor(UPSTREAM))
    found = built.run()
    np.testing.assert_allclose(found["y"], y.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["multi_head_attention1"], weights.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["d x"], x.grad, rtol=1e-9, atol=1e-12)
    by_part = dict(zip(("query", "key", "value"), made.in_proj_weight.grad.split(8), strict=True))
    for part, gradient in (by_part | {"output": made.out_proj.weight.grad}).items():
        own = found[f"d multi_head_attention1.{part}.weight"]
        np.testing.assert_allclose(own, gradient.T, rtol=1e-9, atol=1e-12, err_msg=part)


@pytest.mark.parametrize("scale", [None, 0.4])
def test_without_layers_around_it_is_scaled_dot_product_attention(scale):
    torch = pytest.importorskip("torch")
    built = Built([{"multi_head_attention": {"num_heads": 2, "scale": scale, "bias": False, "causal": True}}])
    eye = {name: np.eye(8) for name in built.network.kept}
    heads = torch.tensor(X.reshape(2, 5, 2, 4).swapaxes(1, 2))
    right = torch.nn.functional.scaled_dot_product_attention(heads, heads, heads, is_causal=True, scale=scale)
    np.testing.assert_allclose(
        built.run(**eye)["y"], right.numpy().swapaxes(1, 2).reshape(2, 5, 8), rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("nonlinearity", ["relu", "gelu"])
@pytest.mark.parametrize("causal", [False, True])
def test_a_block_is_that_of_pytorch(norm_first, nonlinearity, causal):
    torch = pytest.importorskip("torch")
    settings = {"num_heads": 2, "dim_feedforward": 6, "norm_first": norm_first, "nonlinearity": nonlinearity}
    settings["causal"] = causal
    built = Built([{"transformer": settings}], mask=MASK)
    made = torch.nn.TransformerEncoderLayer(
        8, 2, 6, dropout=0.0, activation=nonlinearity, batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    norms = ["residual1.layer_norm1", "residual2.layer_norm1"] if norm_first else ["layer_norm1", "layer_norm2"]
    values = {name.removeprefix("transformer1."): value for name, value in built.values.items()}
    give(torch, made.self_attn, values, "residual1.multi_head_attention1.")
    layers = [*norms, "residual2.dense1", "residual2.dense2"]
    for own, other in zip(layers, ("norm1", "norm2", "linear1", "linear2"), strict=True):
        layer, norm = getattr(made, other), "norm" in own
        layer.weight.data = torch.tensor(values[f"{own}.gamma" if norm else f"{own}.weight"].T)
        layer.bias.data = torch.tensor(values[f"{own}.beta" if norm else f"{own}.bias"])
    x = torch.tensor(X, requires_grad=True)
    later = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    y = made(x, src_mask=later, src_key_padding_mask=torch.tensor(MASK == 0))
    y.backward(torch.tensor(UPSTREAM))
    found = built.run()
    np.testing.assert_allclose(found["y"], y.detach(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found["d x"], x.grad, rtol=1e-8, atol=1e-11)
    for own, other in zip(layers, ("norm1", "norm2", "linear1", "linear2"), strict=True):
        gradient = getattr(made, other).weight.grad.numpy().T
        of = f"d transformer1.{own}.{'gamma' if 'norm' in own else 'weight'}"
        np.testing.assert_allclose(found[of], gradient, rtol=1e-8, atol=1e-11, err_msg=own)


def give(torch, made, values, prefix):
    """PyTorch's attention the lab's weights."""
    parts = [values[f"{prefix}{part}.weight"].T for part in ("query", "key", "value")]
    biases = [values[f"{prefix}{part}.bias"] for part in ("query", "key", "value")]
    made.in_proj_weight.data = torch.tensor(np.concatenate(parts))
    made.in_proj_bias.data = torch.tensor(np.concatenate(biases))
    made.out_proj.weight.data = torch.tensor(values[f"{prefix}output.weight"].T.copy())
    made.out_proj.bias.data = torch.tensor(values[f"{prefix}output.bias"])


def test_first_weights_are_as_large_as_those_of_pytorch():
    torch = pytest.importorskip("torch")
    network = Network([{"multi_head_attention": 4}], None, 5, 0, AdjustableNumbers())
    network.apply(data(np.zeros((1, 2, 64)), "x"), training=True)
    first = {name.removeprefix("multi_head_attention1."): each for name, each in network.first_values().items()}
    made = torch.nn.MultiheadAttention(64, 4)
    packed = np.concatenate([first[f"{part}.weight"] for part in ("query", "key", "value")])
    for own, other in ((packed, made.in_proj_weight), (first["output.weight"], made.out_proj.weight)):
        assert np.abs(own).max() == pytest.approx(float(other.detach().abs().max()), rel=0.01)
        assert own.std() == pytest.approx(float(other.detach().std()), rel=0.05)
    assert not any(first[f"{part}.bias"].any() for part in ("query", "key", "value", "output"))


def test_steps_in_another_order_give_the_same_in_that_order():
    """Nothing but positions tells the order."""
    order = np.array([3, 0, 4, 1, 2])
    attention = Built([{"transformer": 2}])
    np.testing.assert_allclose(attention.run(x=X[:, order])["y"], attention.run()["y"][:, order], rtol=1e-10)
    placed = Built(["positional_encoding", {"transformer": 2}])
    assert np.abs(placed.run(x=X[:, order])["y"] - placed.run()["y"][:, order]).max() > 0.1


def test_what_is_behind_the_end_changes_nothing_before_it():
    built = Built(["positional_encoding", {"transformer": 2}, {"transformer": 1, "norm_first": True}], mask=MASK)
    other = X.copy()
    other[0, 3:] += 7
    np.testing.assert_array_equal(built.run(x=other)["y"][0, :3], built.run()["y"][0, :3])


CAUSAL = {
    "post-norm": [{"transformer": {"num_heads": 2, "causal": True}}],
    "pre-norm": [{"transformer": {"num_heads": 4, "causal": True, "norm_first": True}}, "layer_norm"],
    "three blocks": 3 * [{"transformer": {"num_heads": 2, "causal": True, "norm_first": True}}] + ["layer_norm"],
    "both kinds": [
        {"transformer": {"causal": True, "nonlinearity": "gelu"}},
        {"transformer": {"num_heads": 8, "causal": True, "norm_first": True}},
    ],
    "convolutions": [
        {"conv1d": 8, "kernel_size": 3, "padding": "causal"},
        "relu",
        {"conv1d": 8, "kernel_size": 2, "dilation": 2, "padding": "causal"},
        {"residual": [{"conv1d": 8, "kernel_size": 2, "padding": "causal"}]},
    ],
    "convolution and block": [
        {"conv1d": 8, "kernel_size": 2, "padding": "causal"},
        {"transformer": {"num_heads": 2, "causal": True}},
    ],
}


@pytest.mark.parametrize("model", CAUSAL.values(), ids=CAUSAL)
@pytest.mark.parametrize("first", [1, 3, 4])
def test_what_comes_later_changes_nothing_before_it(model, first):
    """To the bit. What changes is no constant, which layer_norm would take away again."""
    built = Built(["positional_encoding", *model])
    other = X.copy()
    other[:, first:] += 7 * UPSTREAM[:, first:]
    found, right = built.run(x=other), built.run()
    np.testing.assert_array_equal(found["y"][:, :first], right["y"][:, :first])
    assert (np.abs(found["y"] - right["y"])[:, first:].max(axis=(0, 2)) > 1e-6).all()
    looks = [each for name, each in right.items() if name.endswith("multi_head_attention1")]
    assert len(looks) == sum("transformer" in each for each in model)
    for each in looks:
        assert not np.triu(each, 1).any()
        np.testing.assert_allclose(each.sum(-1), 1, rtol=1e-12)


def test_sinusoids_are_those_of_the_paper():
    rows = sinusoids(4, 6)
    for place in range(4):
        for pair in range(3):
            angle = place / 10_000 ** (2 * pair / 6)
            assert rows[place, 2 * pair : 2 * pair + 2] == pytest.approx([np.sin(angle), np.cos(angle)])
    assert sinusoids(4, 5).shape == (4, 5)


def test_dropped_weights_are_dropped_in_training_alone():
    model = [{"multi_head_attention": {"num_heads": 2, "dropout": 0.5, "bias": False}}]
    eye = {name: np.eye(8) for name in Built(model).network.kept}
    whole, some = Built(model).run(**eye), Built(model, training=True).run(**eye)
    assert np.abs(whole["y"] - some["y"]).max() > 0.05
    np.testing.assert_array_equal(whole["multi_head_attention1"], some["multi_head_attention1"])
    drawn = [Built(model, training=True, seed=seed).run(**eye)["y"] for seed in range(400)]
    np.testing.assert_allclose(np.mean(drawn, axis=0), whole["y"], atol=0.25)


@pytest.mark.parametrize("norm_first", [False, True])
def test_one_number_drops_in_all_parts_of_a_block(norm_first):
    settings = {"num_heads": 2, "dropout": 0.5, "dim_feedforward": 6, "norm_first": norm_first}
    whole = Built([{"transformer": {**settings, "dropout": 0.0}}], training=True)
    some = Built([{"transformer": settings}, {"dropout": 0.1}], training=True)
    dropping = {"transformer1.dropout": 0.5, "dropout1.rate": 0.1}
    assert some.network.settings.first == whole.network.settings.first | dropping
    assert some.network.settings.limits["transformer1.dropout"].neighbour(0.5, up=True) == 0.6
    assert np.abs(some.run()["y"] - whole.run()["y"]).max() > 0.05
    for name in ("transformer1.dropout", "dropout1.rate"):
        some.change(name, 0)
    np.testing.assert_allclose(some.run()["y"], whole.run()["y"], rtol=1e-10, atol=1e-12)


def test_costs_are_counted():
    built = Built([{"transformer": {"num_heads": 2, "dim_feedforward": 6}}])
    counts = {each.name.rpartition(".")[2]: each for each in count(built.network, built.parts, (5, 8)).layers}
    attention = counts["multi_head_attention1"]
    assert attention.parameters == 4 * (8 * 8 + 8)
    assert attention.multiply_adds == 5 * 4 * 8 * 8 + 2 * 5 * 5 * 8
    assert attention.arithmetic[1] == "5 × (8×8 + 8×8 + 8×8 + 8×8) + 400"
    assert counts["transformer1"].parameters == 0
    assert sum(each.parameters for each in counts.values()) == 4 * 72 + 8 * 6 + 6 + 6 * 8 + 8 + 4 * 8


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ([{"multi_head_attention": 3}], "8 features cannot be divided among 3 heads; num_heads may be 1, 2, 4, 8"),
        ([{"transformer": 3}], "multi_head_attention1: 8 features cannot be divided"),
        ([{"dense": 4}, {"multi_head_attention": 2}], None),
    ],
)
def test_what_does_not_fit_is_refused(model, told):
    if told is None:
        assert Built(model).run()["y"].shape == (2, 5, 4)
        return
    with pytest.raises(InvalidValue, match=told):
        Built(model)


def test_what_is_no_sequence_is_refused():
    for model in (["multi_head_attention"], ["positional_encoding"], [{"transformer": 1}]):
        with pytest.raises(InvalidValue, match="works on sequences"):
            Network(model, None, 5, 0, AdjustableNumbers()).apply(data(np.zeros((2, 3)), "x"), training=True)


def test_more_places_than_were_learned_are_refused():
    network = Network([{"positional_encoding": "learned"}], None, 5, 0, AdjustableNumbers())
    network.apply(data(X, "x"), training=True)
    network.apply(data(X[:, :3], "x"), training=False)
    with pytest.raises(InvalidValue, match="has learned 5 places, but here are sequences of 6 steps"):
        network.apply(data(np.zeros((2, 6, 8)), "x"), training=False)
