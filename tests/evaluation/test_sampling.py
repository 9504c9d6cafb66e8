"""A trained language model goes on with a text: `lab sample`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli import run as main
from lab.evaluation.language import LanguageModel
from lab.scenario import load
from lab.tasks import task_of
from lab.tasks.sequences.sampling import Choice

MODEL = """title: A model
task: language-model
data: {name: countdown, blocks: 400, count: 5}
model: [{gru: 16}, {dense: classes}]
optimizer: {name: adam, rate: 0.02, clip: 1}
train: {batch: 8, steps: 300, measure: 100}
options: {window: 14, primer: a5, sample: 42}
watch: [loss]
"""
POINTS = """title: Points
task: classify
data: {name: spiral}
model: [{dense: 4}, relu, {dense: classes}]
optimizer: {name: sgd, rate: 0.1}
train: {batch: 32, steps: 5}
watch: [loss]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a kept run of a language model, `model-1`, and one of a classifier, `points-1`."""
    folder = tmp_path_factory.mktemp("texts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "store"))
        for name, text in (("model", MODEL), ("points", POINTS)):
            (folder / f"{name}.yaml").write_text(text)
            assert main(["run", str(folder / f"{name}.yaml"), "--plain"]) == 0
    return folder


@pytest.fixture
def sample(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `lab sample` there: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LAB_HOME", str(home / "store"))
    capsys.readouterr()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["sample", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_what_is_written_goes_on_from_the_primer_and_is_the_same_for_the_same_number(sample) -> None:
    code, out, err = sample("model-1", "--primer", "a54", "--length", "60")
    assert (code, err) == (0, "")
    assert out.startswith("a54")
    assert len(out) == 3 + 60 + 1
    assert set(out[:-1]) <= set("aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ0123456789")
    assert sample("model-1", "--primer", "a54", "--length", "60")[1] == out
    others = {sample("model-1", "--primer", "a54", "--length", "60", "--random-seed", str(n))[1] for n in range(1, 5)}
    assert len(others | {out}) > 1
    # It has learned to count down.
    assert "4321" in sample("model-1", "--primer", "a5", "--argmax", "--length", "14")[1]


def test_the_likeliest_symbols_are_those_of_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(MODEL)
    scenario = load(str(tmp_path / "model.yaml")).variants[0].scenario
    experiment = task_of(scenario).build(scenario, 0, tmp_path)
    experiment.prepare()
    experiment.advance(200)
    fan = next(each for each in experiment.pictures() if each.name == "temperatures")
    shown = dict(fan.rows)["argmax"]
    model = LanguageModel("it", json.loads(json.dumps(experiment.kept_to_predict())), experiment.weights())
    assert "".join(model.write("a5", len(shown), Choice(None))) == shown


def test_json_has_the_text_without_the_primer(sample) -> None:
    code, out, _ = sample("model-1", "--primer", "a5", "--length", "20", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["primer"] == "a5"
    assert len(told["text"]) == 20
    assert "a5" + told["text"] + "\n" == sample("model-1", "--primer", "a5", "--length", "20")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("points-1",), "points-1 is no language model: only a run of `task: language-model` goes on with a text."),
        (("model-1", "--primer", "a5!"), "The primer cannot be read by model-1: the character '!' does not occur"),
        (("model-1", "--primer", ""), "The primer cannot be read by model-1: there is nothing"),
        (("model-1", "--temperature", "0"), "--temperature must be above 0 and at most 100, not 0; --argmax takes"),
        (("model-1", "--temperature", "nan"), "--temperature must be above 0 and at most 100, not nan"),
        (("model-1", "--argmax", "--top-k", "3"), "--argmax takes the likeliest symbol: --temperature and --top-k"),
        (("model-1", "--length", "0"), "--length"),
        (("model-2",), "model-2"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(sample, arguments, sentence) -> None:
    code, out, err = sample(*arguments)
    assert code == 2
    assert out == ""
    assert sentence in " ".join(err.split())
    assert "Traceback" not in err


def test_predicting_says_what_writes(home: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LAB_HOME", str(home / "store"))
    assert main(["predict", "model-1", "none.csv"]) == 2
    assert "`lab sample RUN --primer TEXT` lets it write." in " ".join(capsys.readouterr().err.split())
