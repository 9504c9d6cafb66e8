"""A network in ONNX Runtime gives the outputs that it gives here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml

from lab.cli import run as main
from lab.data import Split
from lab.data import load as load_data
from lab.data.recipe_json import recipe_to_json
from lab.errors import BadInput
from lab.evaluation import TrainedModel
from lab.evaluation.trained import layers_of
from lab.exports.onnx import onnx_model
from lab.exports.tracing import Exported
from lab.graph import data
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.sequences.sampling import StepWriter, WindowWriter
from tests.evaluation.tables import scenario

WINE = {"name": "wine", "validation": 0.2, "standardise": True}
DIGITS = {"name": "digits", "validation": 0.05, "examples": 64, "standardise": True}
NETS = {
    "dense": (
        WINE,
        "[{dense: 9}, batch_norm, relu, {dense: 9}, layer_norm, gelu, silu, {dense: 9}, elu, {leaky_relu: 0.2}, "
        "{dense: 9}, prelu, softplus, tanh, sigmoid, {maxout: 4}, {dropout: 0.5}, {dropconnect: 5}, {shift: 0.3}, "
        "{residual: [{dense: 5}, relu], survive: 0.7}, {select: [0, 1, 4, 3]}, {parallel: [[{dense: 3}], [tanh]]}, "
        "scale, {fractal: 3, layers: [{dense: 7}, relu]}, {dense: classes, bias: false}]",
    ),
    "images": (
        DIGITS,
        "[{conv: 6, kernel_size: 3, padding: 2, stride: [2, 1]}, relu, {group_norm: 3}, {conv: 4, kernel_size: 2, "
        "groups: 2, dilation: 2}, batch_norm, prelu, local_response_norm, {local_response_norm: 2}, {max_pool: 3, "
        "stride: 2, padding: 1}, {average_pool: 2, stride: 1, padding: 1}, {pad: 1}, {transposed_conv: 4, kernel_size: "
        "3, stride: 2, padding: 1, output_padding: 1, groups: 2}, {resize: 1.5}, {resize: 0.7, mode: bilinear}, "
        "layer_norm, {fractional_max_pool: 1.4}, flatten, {dense: classes}]",
    ),
    "windows with pixels left over": (
        DIGITS,
        "[{conv: 3, kernel_size: 2, stride: 3}, {max_pool: 2}, {resize: 3}, {average_pool: 2}, {resize: 3}, "
        "{max_pool: 3, stride: 2}, flatten, {dense: classes}]",
    ),
    "padding beyond a stride": (
        DIGITS,
        "[{transposed_conv: 3, kernel_size: 2, dilation: 3, padding: [1, 0], output_padding: 2}, {conv: 2, "
        "kernel_size: 3, stride: 2}, {transposed_conv: 2, kernel_size: 2, stride: 2, dilation: 3, padding: [0, 2], "
        "output_padding: 2}, tanh, flatten, {dense: classes}]",
    ),
    "branches": (
        DIGITS,
        "[{conv: 6, kernel_size: 3, padding: same}, {inception: 3, three: [2, 4], five: [2, 3], pool: 3, norm: true}, "
        "{residual: [{conv: 16, kernel_size: 3, padding: 1, stride: 2}, batch_norm], shortcut: pad}, "
        "{residual: [{conv: 12, kernel_size: 3, padding: 1}], shortcut: projection}, {fire: 4, expand: 5}, "
        "{dense_block: 2, growth: 3, bottleneck: 2}, {auxiliary: [flatten, {dense: classes}]}, "
        "{parallel: [{max_pool: 3, stride: 1, padding: 1}, identity], join: average}, "
        "scale, global_average_pool, {dense: classes}]",
    ),
    "sequences": (
        {"name": "adding", "length": 6, "examples": 64, "validation": 0.25},
        "[{rnn: 5}, {lstm: 6, layers: 2, bidirectional: true}, {gru: 5}, {rnn: 4, bias: false, return: last}, "
        "{dense: outputs}]",
    ),
    "attention": (
        {"name": "adding", "length": 12, "examples": 64, "validation": 0.25},
        "[{positional_encoding: learned}, {dense: 8}, {residual: [{multi_head_attention: 4, scale: 0.9}]}, "
        "{transformer: 2, causal: true, norm_first: true, dropout: 0.2}, "
        "positional_encoding, {transformer: 1, nonlinearity: gelu}, flatten, {dense: outputs}]",
    ),
}


def drawn(model: str, split: Split, **about: Any) -> Exported:
    """A network with weights that no training made, all of them other than those it begins with."""
    layers = yaml.safe_load(model)
    recipe = recipe_to_json(split.recipe) if split.recipe is not None else None
    about = {"model": layers, "settings": {}, "recipe": recipe} | about
    network = layers_of(about)
    network.apply(_inputs(split), training=False)
    chance = generator(1, "weights")
    arrays = {
        name: (0.4 * chance.standard_normal(tensor.shape)).astype(np.float32) for name, tensor in network.kept.items()
    }
    about["settings"] = dict(network.settings.first)
    arrays = {name: np.abs(each) + 0.1 if "variance" in name else each for name, each in arrays.items()}
    model_here = TrainedModel("drawn", about, arrays) if recipe is not None else None
    return Exported("drawn", arrays, {"lab": json.dumps(about)}, about, model_here)


def _inputs(split: Split) -> Any:
    return data(np.asarray(split.validation.inputs, np.float32)[:2], "x")


def answers(exported: Exported, inputs: np.ndarray, scaling: bool = False) -> np.ndarray:
    """What ONNX Runtime makes of the file."""
    content = onnx_model(exported, scaling).SerializeToString()
    [made] = onnxruntime.InferenceSession(content).run(None, {"x": inputs})
    return made


@pytest.mark.parametrize("name", NETS)
def test_outputs_are_the_same(name: str) -> None:
    block, model = NETS[name]
    split = load_data(block, 0)
    exported = drawn(model, split)
    held = np.asarray(split.validation.inputs)
    ours = exported.model.outputs(held)
    assert ours.std() > 1e-3
    made = answers(exported, held)
    np.testing.assert_allclose(made.reshape(ours.shape), ours, rtol=1e-5, atol=1e-5)
    some = answers(exported, held[:3])
    np.testing.assert_allclose(some, made[:3], rtol=1e-5, atol=1e-5)


def test_a_language_model_goes_on_from_its_states() -> None:
    split = load_data({"name": "plays", "characters": 4000, "held_back": 0.1}, 0, kind="classes")
    symbols = list(split.train.classes)
    states = {"lstm1.h": 6, "lstm1.c": 6, "lstm1.layer2.h": 6, "lstm1.layer2.c": 6, "gru1.h": 5}
    for model, widths in (
        ("[{embedding: 5}, {lstm: 6, layers: 2}, {gru: 5}, {dense: classes}]", states),
        ("[{rnn: 4}, layer_norm, {leaky_relu: 0.3}, {dense: classes}]", {"rnn1.h": 4}),
    ):
        text = split.train.inputs[:20, 0].astype(np.int64)
        about = {"model": yaml.safe_load(model), "settings": {}, "symbols": symbols}
        exported = _language_model(about)
        writer = StepWriter(exported.new_network(), 1, widths)
        writer.begin({**exported.arrays, **exported.about["settings"]})
        ours = np.array([writer.step(np.array([each]))[0] for each in text])
        session = onnxruntime.InferenceSession(onnx_model(exported).SerializeToString())
        first = {name: np.zeros((1, width), np.float32) for name, width in widths.items()}
        [whole] = session.run(["y"], {"x": text[None]} | first)
        np.testing.assert_allclose(whole[0], ours, rtol=1e-5, atol=1e-5)
        _, *behind = session.run(["y", *(f"{name}.next" for name in widths)], {"x": text[None, :8]} | first)
        [rest] = session.run(["y"], {"x": text[None, 8:]} | dict(zip(widths, behind, strict=True)))
        np.testing.assert_allclose(rest[0], ours[8:], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        "[{embedding: 6}, {positional_encoding: learned}, {transformer: 2, causal: true}, {dense: classes}]",
        "[{embedding: 6}, {conv1d: 4, kernel_size: 3, padding: causal}, relu, {dense: classes}]",
    ],
)
def test_a_language_model_that_looks_back_reads_a_window(model: str) -> None:
    split = load_data({"name": "plays", "characters": 4000, "held_back": 0.1}, 0, kind="classes")
    about = {"model": yaml.safe_load(model), "settings": {}, "symbols": list(split.train.classes), "window": 9}
    exported = _language_model(about)
    text = split.train.inputs[:27, 0].astype(np.int64).reshape(3, 9)
    writer = WindowWriter(exported.new_network(), 3, 9, hides=False)
    writer.begin({**exported.arrays, **exported.about["settings"]})
    ours = np.stack([writer.step(each) for each in text.T], axis=1)
    [made] = onnxruntime.InferenceSession(onnx_model(exported).SerializeToString()).run(["y"], {"x": text})
    np.testing.assert_allclose(made, ours, rtol=1e-5, atol=1e-5)


def _language_model(about: dict[str, Any]) -> Exported:
    network: Network = layers_of(about)
    network.apply(data(np.zeros((2, about.get("window", 3))), "x"), training=False, sequence=SequenceStates())
    chance = generator(1, "weights")
    arrays = {
        name: (0.5 * chance.standard_normal(each.shape)).astype(np.float32) for name, each in network.kept.items()
    }
    about["settings"] = dict(network.settings.first)
    return Exported("drawn", arrays, {"lab": json.dumps(about)}, about, None)


@pytest.mark.parametrize(
    ("name", "scaling"),
    [("digits", {"standardise": True}), ("shapes", {"standardise": True}), ("shapes", {"binarise": 0.5}),
     ("digits", {"binarise": 0.5, "centre": True})],
)  # fmt: skip
def test_scaling_may_be_part_of_it(name: str, scaling: dict[str, Any]) -> None:
    """Of shapes, which are bytes, it is a table of levels."""
    block = {"name": name, "validation": 0.1, "examples": 64}
    split, raw = load_data(block | scaling, 0), load_data(block, 0)
    exported = drawn("[{dense: 5}, tanh, {dense: classes}]", split)
    ours = exported.model.outputs(np.asarray(split.validation.inputs))
    made = answers(exported, np.asarray(raw.validation.inputs, np.float64), scaling=True)
    np.testing.assert_allclose(made, ours, rtol=1e-5, atol=1e-5)


def test_time_stamps_keep_their_spread_and_targets_their_unit(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    times = 1.7e9 + chance.integers(0, 1000, 80)
    values = 5000 + 3 * (times - 1.7e9)
    lines = [f"{int(time)},{'' if place % 9 == 0 else place},{value}" for place, (time, value) in
             enumerate(zip(times, values, strict=True))]  # fmt: skip
    (tmp_path / "t.csv").write_text("time,place,value\n" + "\n".join(lines) + "\n")
    block = {"csv": "t.csv", "target": "value", "validation": 0.2, "missing": "mean", "standardise": True,
             "standardise_targets": True}  # fmt: skip
    split = load_data(block, 0, tmp_path, "values")
    exported = drawn("[{dense: 5}, tanh, {dense: outputs}]", split, loss="l2")
    rows = np.array([[time, np.nan if place % 9 == 0 else place] for place, time in enumerate(times)])
    ours = exported.model.predict({"time": rows[:, 0], "place": rows[:, 1]}).numbers
    assert ours.std() > 1
    np.testing.assert_allclose(answers(exported, rows, scaling=True), ours, rtol=1e-5)


def test_a_run_is_exported_with_what_it_takes_to_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    assert main(["run", str(scenario(tmp_path, train="{batch: 32, steps: 3}")), "--plain"]) == 0
    target = tmp_path / "net.onnx"
    assert main(["export", "latest", "--out", str(target)]) == 0
    told = capsys.readouterr().err
    assert "float32, prepared as in training: " in told
    assert "y has a number for each class, before the softmax: buys, leaves." in told
    session = onnxruntime.InferenceSession(str(target))
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["lab"])["recipe"]["classes"] == ["buys", "leaves"]
    [given] = session.get_inputs()
    assert (given.name, given.type) == ("x", "tensor(float)")
    assert main(["export", "latest", "--format", "csv", "--scaling", "--out", str(tmp_path / "x.csv")]) == 2
    assert "--scaling is for --format onnx" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "latest", "--out", str(target), "--force"]) == 2
    assert "pip install 'backprop-lab[onnx]'" in capsys.readouterr().err


def test_a_layer_without_an_operator_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.exports import onnx_kernels

    exported = drawn("[{dense: 5}, tanh, {dense: classes}]", load_data(WINE, 0))
    monkeypatch.delitem(onnx_kernels._ALONE, "tanh")
    with pytest.raises(BadInput, match=r"tanh1: ONNX has no standard operator for this layer \(tanh\)"):
        onnx_model(exported)
