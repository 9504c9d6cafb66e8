"""`lab diagnose` says what was wrong, in words, as JSON, and as a line that can be run."""

import json
import shlex

import pytest

from lab.cli import run as main
from tests.diagnosis.test_diagnosis import HEALTHY


@pytest.fixture
def hot(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HEALTHY + "variants: {good: {}, hot: {optimizer.rate: 30}}\n")
    return path


def test_what_was_wrong_is_said_and_the_line_that_mends_it_runs(hot, capsys):
    assert main(["diagnose", str(hot), "--variant", "hot", "--seeds", "2"]) == 0
    told = capsys.readouterr().out
    assert "What was wrong: the learning rate, 30, is too high." in told
    assert "Lessons that show it: learning-rates" in told
    (line,) = (each for each in told.splitlines() if each.startswith("lab run"))
    assert main([*shlex.split(line)[1:], "--plain", "--no-save"]) == 0
    assert "hot" in capsys.readouterr().out
    assert all(len(each) <= 80 for each in told.splitlines() if not each.startswith("lab run"))


def test_as_json(hot, capsys):
    assert main(["diagnose", str(hot), "--variant", "hot", "--seeds", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["complete"]
    assert "optimizer.rate" in found["changes"]
    assert found["after"]["left"][0] < found["before"]["left"][0] if found["before"]["left"][0] else True
    assert any(each["helps"] for each in found["rounds"][0]["tried"])


def test_of_a_network_that_learns_it_is_said_that_nothing_is_wrong(hot, capsys):
    assert main(["diagnose", str(hot), "--seeds", "1"]) == 0
    assert "Nothing is wrong with how it learns" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["computation-graph"], "only classify and regress can"),
        (["dead-relu", "--variant", "nobody"], "nobody"),
        (["no-such-lesson"], "no-such-lesson"),
        (["dead-relu", "--set", "optimizer.speed=3"], "speed"),
    ],
)
def test_bad_input_is_one_sentence(arguments, told, capsys):
    assert main(["diagnose", *arguments]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert "Traceback" not in captured.err


def test_after_a_run_of_ones_own_that_does_not_learn_it_is_suggested(hot, capsys):
    main(["run", str(hot), "--plain", "--no-save"])
    told = capsys.readouterr()
    assert f"`lab diagnose {hot} --variant hot`" in told.out + told.err
    main(["run", "dead-relu", "--plain", "--no-save", "--steps", "60"])  # that is what this lesson is about
    assert "diagnose" not in capsys.readouterr().out
