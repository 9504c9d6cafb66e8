"""Networks that read tokens of texts, or look up columns, give the same in PyTorch and ONNX Runtime as here."""

from __future__ import annotations

import csv
import importlib.util
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lab.cli import run as main
from lab.data import load as load_data
from lab.evaluation import model_of
from lab.exports.torch import source
from lab.exports.tracing import Exported, trace
from lab.store import Store
from tests.exports.test_onnx import answers, drawn

LAST = "return: last"
MODELS = {
    "lstm": f"[{{embedding: 5}}, {{lstm: 6, {LAST}}}, {{dense: classes}}]",
    "gru": f"[{{embedding: 5}}, {{gru: 6, {LAST}}}, {{dense: classes}}]",
    "rnn": f"[{{rnn: 6, layers: 2, {LAST}}}, relu, {{dense: classes}}]",
    "both ways": f"[{{embedding: 5}}, {{lstm: 6, bidirectional: true}}, {{gru: 4, bidirectional: true, {LAST}}}, "
    "{dense: classes}]",
    "every state": "[{embedding: 5}, {gru: 6, bidirectional: true}, {dense: 4}, tanh, flatten, {dense: classes}]",
    "states": "[{lstm: 6}, global_max_pool, {dense: classes}]",
    "mean": "[{embedding: 5}, layer_norm, global_average_pool, {dense: classes}]",
    "convolution": "[{embedding: 6}, {conv1d: 5, kernel_size: 3, padding: same}, relu, {parallel: "
    "[[{conv1d: 10, kernel_size: 2, dilation: 2, groups: 5}, global_max_pool], global_average_pool]}, "
    "{dense: classes}]",
    "attention": "[{embedding: 6}, positional_encoding, {transformer: 2, dim_feedforward: 8}, global_average_pool, "
    "{dense: classes}]",
    "residual": f"[{{embedding: 5}}, {{residual: [{{conv1d: 5, kernel_size: 4, padding: 3, stride: 1}}, "
    f"{{conv1d: 5, kernel_size: 4}}]}}, {{rnn: 3, {LAST}}}, {{dense: classes}}]",
}
WORDS = ["the", "film", "was", "not", "good", "at", "all", "but", "bad", "isn't", "what", "I'd", "say", "of", "it"]


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    draw = random.Random(4)
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "kind"])
        writer.writerows([" ".join(draw.choices(WORDS, k=draw.randint(0, 9))), "ab"[n % 2]] for n in range(60))
    return tmp_path


def block(folder: Path, **how: Any) -> dict[str, Any]:
    columns = {"review": {"tokens": 9, "length": 7} | how}
    return {"csv": str(folder / "reviews.csv"), "target": "kind", "columns": columns, "validation": 0.3}


def in_pytorch(exported: Exported, folder: Path) -> ModuleType:
    """The module that the export writes, beside its weights."""
    text = source(trace(exported), exported.run, exported.shape, texts=True)
    (folder / "network.py").write_text(text, encoding="utf-8")
    from safetensors.numpy import save_file

    save_file(dict(exported.arrays), folder / "weights.safetensors", metadata=dict(exported.metadata))
    return module(folder)


def module(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", MODELS)
def test_tokens_give_the_same(name: str, reviews: Path) -> None:
    torch = pytest.importorskip("torch")
    split = load_data(block(reviews), 0)
    assert split.validation is not None
    exported = drawn(MODELS[name], split)
    held = np.asarray(split.validation.inputs)
    lengths = (held > 0).sum(axis=1)
    assert lengths.min() == 1
    assert lengths.max() == 7
    ours = exported.model.outputs(held)
    network = in_pytorch(exported, reviews).Network().eval()
    with torch.no_grad():
        np.testing.assert_allclose(network(torch.tensor(held)), ours, rtol=1e-4, atol=1e-5)
    made = answers(exported, held.astype(np.int64))
    np.testing.assert_allclose(made.reshape(ours.shape), ours, rtol=1e-4, atol=1e-5)
    for part in (held[:1], held[:5]):  # any number of examples
        made = answers(exported, part.astype(np.int64))
        np.testing.assert_allclose(made.reshape(len(part), -1), ours[: len(part)], rtol=1e-4, atol=1e-5)
        with torch.no_grad():
            np.testing.assert_allclose(network(torch.tensor(part)), ours[: len(part)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", [{}, {"truncating": "pre"}, {"split": "character", "length": 12}])
def test_pytorch_reads_texts_as_they_are(how: dict[str, Any], reviews: Path) -> None:
    pytest.importorskip("torch")
    split = load_data(block(reviews, **how), 0)
    exported = drawn(MODELS["gru"], split, loss="softmax")
    texts = ["Not GOOD at all, isn’t it - the film was what I'd say of it", "", "never seen"]
    network = in_pytorch(exported, reviews).Network().eval()
    made = exported.model.predict({"review": texts})
    np.testing.assert_allclose(network.predict(texts), made.numbers, rtol=1e-4, atol=1e-6)


def test_a_run_with_columns_that_are_looked_up_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    rows = [f"{n % 50},Ort {n % 7},{100 + n % 5},{n % 3}" for n in range(90)]
    (tmp_path / "shop.csv").write_text("\n".join(["age,city,product,spent", *rows]) + "\n")
    path = tmp_path / "shop.yaml"
    path.write_text(
        "title: Shop\ntask: regress\n"
        "data: {csv: shop.csv, target: spent, columns: {city: {embedding: 3}, product: {embedding: 2}}, "
        "standardise: true, validation: 0.2}\nmodel: [{dense: 6}, tanh, {dense: outputs}]\n"
        "optimizer: {name: adam, rate: 0.01}\ntrain: {batch: all, steps: 20}\nwatch: [loss]\n"
    )
    assert main(["run", str(path), "--plain"]) == 0
    assert main(["export", "latest", "--format", "torch", "--out", str(tmp_path / "made")]) == 0
    with Store.open() as store:
        model = model_of(store, "latest").model
    from lab.scenario import load

    held = np.asarray(load_data(load(path).scenario.data, 0, tmp_path, "values").validation.inputs)
    with torch.no_grad():
        made = module(tmp_path / "made").Network().eval()(torch.tensor(held))
    np.testing.assert_allclose(made, model.outputs(held), rtol=1e-5, atol=1e-6)


def test_a_series_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recurrent layers and convolutions over numbers, without padding."""
    torch = pytest.importorskip("torch")
    block = {"name": "adding", "length": 6, "examples": 64, "validation": 0.25}
    split = load_data(block, 0)
    exported = drawn(
        "[{rnn: 5}, {lstm: 6, layers: 2, bidirectional: true}, {conv1d: 4, kernel_size: 2, stride: 2}, "
        "{gru: 5, return: last}, {dense: outputs}]",
        split,
    )
    held = np.asarray(split.validation.inputs)
    ours = exported.model.outputs(held)
    with torch.no_grad():
        made = in_pytorch(exported, tmp_path).Network().eval()(torch.tensor(held))
    np.testing.assert_allclose(made, ours, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(answers(exported, held), ours, rtol=1e-4, atol=1e-5)
