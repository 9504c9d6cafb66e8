"""A language model that looks back, with attention, through the commands: run, killed, resumed, described, asked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.cli import run
from lab.store import Store

MODEL = """title: A model
task: language-model
data: {name: countdown, blocks: 400, count: 5}
model:
  - {embedding: 16}
  - {positional_encoding: learned}
  - {transformer: 2, causal: true, norm_first: true, dropout: 0.1}
  - layer_norm
  - {dense: classes}
optimizer: {name: adam, rate: 0.01, clip: 1}
train: {batch: 8, steps: STEPS, measure: 100}
options: {window: 14, primer: a5, sample: 42}
watch: [loss, real_words]
"""
LAB = Path(sys.executable).parent / "lab"
STEPS = 3000
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of the model to its end, `model-1`, and one killed on its way there, `model-2`."""
    folder = tmp_path_factory.mktemp("causal")
    (folder / "model.yaml").write_text(MODEL.replace("STEPS", str(STEPS)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "home"))
        patch.chdir(folder)
        assert run(["run", "model.yaml", "--plain"]) == 0
        program = subprocess.Popen([LAB, "run", "model.yaml", "--json"], stdout=subprocess.PIPE)
        assert program.stdout is not None
        end = time.monotonic() + 120
        with Store.open() as store:
            while not any(each.name == "model-2" for each in store.runs()):
                assert time.monotonic() < end
                time.sleep(0.02)
            while store.latest_checkpoint("model-2", "base", 0) is None:
                assert time.monotonic() < end
                time.sleep(0.02)
        program.send_signal(signal.SIGKILL)
        program.communicate()
        assert program.returncode == -signal.SIGKILL
    return folder


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("LAB_HOME", str(folder / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(folder)
    capsys.readouterr()

    def lab(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return lab


def test_a_killed_run_goes_on_to_the_same_bits(call: Call) -> None:
    with Store.open() as store:
        found = store.latest_checkpoint("model-2", "base", 0)
        assert found is not None
        assert 0 < found[0] < STEPS
    assert call("resume", "model-2", "--plain")[0] == 0
    with Store.open() as store:
        for metric, (steps, values) in store.curves("model-1")["base", 0].items():
            at, again = store.curves("model-2")["base", 0][metric]
            np.testing.assert_array_equal(again[np.isin(at, steps)], values, err_msg=metric)
    written = [call("sample", f"model-{number}", "--length", "60")[1] for number in (1, 2)]
    assert written[0] == written[1]


def test_what_it_writes_counts_down_and_goes_on_beyond_its_window(call: Call) -> None:
    code, out, err = call("sample", "model-1", "--primer", "a5", "--argmax", "--length", "60")
    assert (code, err) == (0, "")
    assert out.startswith("a54321")
    assert len(out) == 2 + 60 + 1
    assert out.count("4321") >= 5
    # Behind so many symbols the window is full: what stood before it has no part in what follows.
    tail = "b54321c54321b5"
    longer = [call("sample", "model-1", "--primer", start + tail, "--argmax", "--length", "20")[1] for start in "a4"]
    assert longer[0][1:] == longer[1][1:]


def test_it_is_described_with_the_parts_of_its_block(call: Call) -> None:
    code, out, _ = call("describe", "model.yaml", "--json")
    assert code == 0
    layers = {each["name"]: each for each in json.loads(out)["layers"]}
    attention = layers["transformer1.residual1.multi_head_attention1"]
    assert attention["parameters"] == 4 * (16 * 16 + 16)
    assert attention["output"] == [14, 16]
    # Both products of what was read with itself are counted as of the whole window, the masked half included.
    assert attention["multiply_adds"] == 14 * 4 * 16 * 16 + 2 * 14 * 14 * 16
    assert "transformer1" in call("describe", "model.yaml")[1]


def test_what_answers_rows_is_refused(call: Call) -> None:
    refused, out, err = call("predict", "model-1", "none.csv")
    assert (refused, out) == (2, "")
    assert "`lab sample RUN --primer TEXT` lets it write." in " ".join(err.split())


def test_it_is_exported(call: Call, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    wanted = {each: tmp_path / f"model.{each}" for each in ("csv", "json", "safetensors", "onnx")}
    for ending, path in wanted.items():
        code, _, err = call("export", "model-1", "--out", str(path))
        assert (code, err) == (0, ""), ending
    assert str(STEPS) in wanted["csv"].read_text()
    refused, _, err = call("export", "model-1", "--format", "torch", "--out", str(tmp_path / "model.pt"))
    assert refused == 2
    assert "with `--format onnx`" in err
    # The file's network says what `lab sample` writes.
    session = onnxruntime.InferenceSession(wanted["onnx"])
    symbols = json.loads(session.get_modelmeta().custom_metadata_map["lab"])["symbols"]
    read = "b54321c54321b5"
    [made] = session.run(None, {"x": np.array([[symbols.index(each) for each in read]])})
    assert (
        read + symbols[made[0, -1].argmax()] + "\n"
        == call("sample", "model-1", "--primer", read, "--argmax", "--length", "1")[1]
    )
