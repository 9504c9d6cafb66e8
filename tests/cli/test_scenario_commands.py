"""`lab list`, `show`, `check`, `new` and `schema`."""

import json
import re

import pytest

from lab.cli import run
from lab.scenario import library, load
from lab.scenario.starters import starters
from lab.tui.progress import Progress

MINE = """\
title: Mine
idea: What it shows.
lesson: |
  A *lesson*.
takes: a minute
question: {ask: Which?, choices: [slow, good], answer: good, because: Of course.}
task: classify
data: {name: blobs}
model: [{dense: classes}]
watch: [loss]
variants:
  good: {}
  slow: {optimizer.rate: 0.001, model.0: {dense: {units: classes, bias: false}}}
claims:
  - says: Slow is slow.
    that: >-
      last(slow.loss)
      > last(good.loss)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE)
    return tmp_path / "mine.yaml"


def test_list_shows_chapters_and_titles_and_no_idea_that_would_answer(capsys):
    assert run(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "autodiff"
    assert any(re.fullmatch(r"  dead-relu +\d+ s  Dead ReLUs", line) for line in lines)
    assert not any(entry.idea in "\n".join(lines) for entry in library())


def test_list_of_one_chapter_as_json(capsys):
    assert run(["list", "activations", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {entry["chapter"] for entry in entries} == {"activations"}
    assert "dead-relu" in {entry["slug"] for entry in entries}
    keys = {"slug", "chapter", "title", "idea", "path", "seconds", "state"}
    assert all(set(entry) == keys and entry["seconds"] > 0 and entry["state"] == "never" for entry in entries)


def test_list_says_what_became_of_a_lesson(capsys):
    Progress().finished("dead-relu", held=False, answer=None)
    assert run(["list", "activations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"  dead-relu +\d+ s  fell short  Dead ReLUs", line) for line in lines)
    assert sum("fell short" in line for line in lines) == 1


def test_several_chapters_are_listed_in_the_order_in_which_they_are_asked_for(capsys):
    assert run(["list", "losses", "activations", "losses", "--json"]) == 0
    found = [each["chapter"] for each in json.loads(capsys.readouterr().out)]
    assert list(dict.fromkeys(found)) == ["losses", "activations"]
    assert found == sorted(found, reverse=True)


def test_list_of_an_unknown_chapter(capsys):
    assert run(["list", "activation"]) == 2
    assert "did you mean activations?" in capsys.readouterr().err


def test_show_asks_first_and_tells_everything_when_asked_to(mine, capsys):
    assert run(["show", "mine.yaml"]) == 0
    out = capsys.readouterr().out
    for hidden in ("What it shows.", "A *lesson*.", "Slow is slow.", "Of course."):
        assert hidden not in out
    assert "1. slow\n2. good" in out
    assert run(["show", "mine.yaml", "--all"]) == 0
    out = capsys.readouterr().out
    for expected in (
        "# Mine",
        "What it shows.",
        "A *lesson*.",
        "A run takes a minute.",
        "1. slow\n2. good",
        "- **good**: as written",
        "- **slow**: `optimizer.rate: 0.001`, `model.0: {dense: {units: classes, bias: false}}`",
        "- Slow is slow.  \n  `last(slow.loss) > last(good.loss)`",
        "lab run mine.yaml",
        "Of course.",
    ):
        assert expected in out


def test_show_on_a_terminal_asks_the_question_and_remembers_the_answer(mine, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    typed = iter(["7", "2"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    assert run(["show", "mine.yaml"]) == 0
    out = capsys.readouterr().out
    assert "What it shows." in out
    assert "Of course." not in out  # that comes with the run
    assert Progress().lesson(str(mine)).guess == "good"


def test_show_of_a_built_in_scenario_names_its_slug(capsys):
    assert run(["show", "dead-relu"]) == 0
    assert "Run it with `lab run dead-relu`." in capsys.readouterr().out


def test_show_yaml_gives_the_file_as_it_is(mine, capsys):
    assert run(["show", "mine.yaml", "--yaml"]) == 0
    assert capsys.readouterr().out == MINE


def test_check_looks_at_every_file(mine, capsys):
    (mine.parent / "bad.yaml").write_text(MINE.replace("title", "titel"))
    (mine.parent / "broken.yaml").write_text("title: [")
    assert run(["check", "bad.yaml", "mine.yaml", "broken.yaml", "missing.yaml"]) == 2
    output = capsys.readouterr()
    assert output.out == "mine.yaml: fine\n"
    bad, broken, missing = output.err.splitlines()
    assert bad.startswith("bad.yaml:1:1: titel: unknown key 'titel'; did you mean title?")
    assert broken.startswith("broken.yaml:2:1: this is not valid YAML")
    assert missing == "missing.yaml: there is no such file."


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: blobs", "name: blob", "mine.yaml:8:14: data.name"),
        ("{dense: classes}]", "{dense: 1000000000}]", "would need about 29.8 GiB"),
        ("{dense: classes}]", "{dense: classes}, relo]", "did you mean relu?"),
        ("task: classify", "task: clasify", "did you mean classify?"),
        ("last(slow.loss)", "last(slow.los)", "mine.yaml:17:17: "),
    ],
)
def test_check_goes_as_deep_as_the_task(mine, old, new, words, capsys):
    mine.write_text(MINE.replace(old, new))
    assert run(["check", "mine.yaml"]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


BAD = """\
titel: Mine
idea: What {it} shows.
task: clasify
data: {name: blobs, classes: 0, pionts: 30}
model: [{dens: 8}, relo, {dense: {units: 4, unitz: 3}}, {dense: classes}]
optimizer: {name: adm, rate: -1, momentum: 3}
train: {batch: 0, mesure: 20}
watch: [loss, acuracy, loss]
options: {foo: 3}
variants:
  good: {}
  slow: {optimizer.rat: 0.001, model.9: relu}
  2bad: {}
claims:
  - says: Slow is slow.
    that: last(slow.loss) > last(goood.loss)
  - says: Not finished.
    that: last(slow.lss) >
  - that: last(slow.loss) > 1
  - says: Fine.
    that: last(slow.loss) > last(slow.accuracy)
show: {first: [los]}
try_next:
  - {says: Fast., set: {optimizer.rte: 3}}
"""


def test_check_tells_every_problem_of_a_file_at_once(mine, capsys):
    mine.write_text(BAD)
    assert run(["check", "mine.yaml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    places = ["1:1", "2:7", "3:7", "4:30", "4:33", "5:10", "5:20", "5:45", "6:19", "6:30", "6:34", "7:16", "7:19"]
    places += ["8:15", "8:24", "9:11", "12:10", "12:32", "13:3", "16:34", "18:27", "19:5", "22:16", "24:25"]
    assert [re.match(r"mine\.yaml:(\d+:\d+): .*\.$", line)[1] for line in lines] == places


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("name: blobs", "name: nothing_like_it", ["8:14"]),  # neither the network nor the claims can be judged then
        ("[loss]", "[los]", ["10:9"]),  # the claims mean the loss
        ("data: {name: blobs}", "data: {csv: no.csv, target: x}\noptimizer: {rat: 1}", ["8:13", "9:13"]),
        ("good: {}", "goood: {}", ["18:14"]),
        ("[{dense: classes}]", "[{max_pool: 3}, {dense: classes}, relo]", ["9:9", "9:42"]),
        ("title: Mine", "chapter: x", ["1:1"]),
        ("choices: [slow, good]", "choices: [slow, at once, good]", ["6:41"]),
    ],
)
def test_what_follows_from_another_problem_is_not_told(mine, old, new, places, capsys):
    mine.write_text(MINE.replace(old, new))
    assert run(["check", "mine.yaml"]) == 2
    found = capsys.readouterr().err
    assert [line.split(": ")[0].partition(":")[2] for line in found.splitlines()] == places


@pytest.mark.parametrize(
    ("scenario", "changes", "places"),
    [
        ("activations/dead-relu", {"watch: [": "watch: 12 # ["}, ["12 #"]),
        ("activations/prelu", {"{dense: 64}, relu": "{dense: null}, relu"}, ["null}"]),  # where others stand, it stays
        ("initialisation/xavier-init", {"- tanh": "- nonsense"}, ["nonsense"]),  # `dense` was but a guess
        ("hyperparameters/k-fold", {"model: [": "model: 3 # ["}, ["3 # ["]),  # `options.over` names what is in it
        ("rnn/captioning", {"- mean(first.free": "- meqan(first.free"}, ["meqan("]),  # the text quotes what is there
        ("optimisation/rotated-valley", {"condition: ": "condition: -"}, ["-100"]),
        ("losses/multi-label", {"softmax: {": "softmax: [] # {", "says: Sep": "sayz: Sep"}, ["[] # {", "sayz:"]),
        (
            "autodiff/gradient-check",
            {"measured:": "measured_:", "  relu: {v": "  relu: [] # {v"},
            ["measured_:", "[]"],
        ),
        ("ensembles/polyak", {"says: Its": "says: [1] # Its", "that: std": "that: sd"}, ["[1] # Its", "sd("]),
        (
            "autodiff/multiply-gate",
            {"  alike:": "  aqlike:"},
            ["variants.alike.options.e", "variants.alike.options.i", "alike]", "alike.g"],
        ),
        ("autodiff/multiply-gate", {"    options.expression: ": "    options.expression: 12 # "}, ["12 # "]),
    ],
)
def test_lessons_with_mistakes(scenario, changes, places, tmp_path, monkeypatch, capsys):
    """Each problem is told with line and column; `places` is what stands there."""
    text = load(scenario.partition("/")[2]).text
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "x.yaml"]) == 2
    found = capsys.readouterr().err.splitlines()
    told = [line.split(": ")[0].partition(":")[2] for line in found]
    assert told == [_line_and_column(text, each) for each in places]
    assert not any("aqlike` names nothing" in line for line in found)  # it is not what is written there


def _line_and_column(text: str, what: str) -> str:
    """Where it stands first, as editors count: from 1."""
    before = text[: text.index(what)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize("task", starters())
def test_a_new_file_passes_the_check(task, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["new", "my-first_run", "--task", task]) == 0
    assert run(["check", "my-first_run.yaml"]) == 0
    assert 'title: "My first run"' in (tmp_path / "my-first_run.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "mine"], "exists already; it is not overwritten"),
        (["new", "mine.yaml"], "exists already; it is not overwritten"),
        (["new", "other", "--task", "clasify"], "did you mean classify?"),
        (["new", "no/where/x"], "cannot be written"),
        (["new", "two words"], "cannot be the name of a scenario"),
        (["new", ".yaml"], "cannot be the name of a scenario"),
    ],
)
def test_new_refuses(mine, arguments, words, capsys):
    assert run(arguments) == 2
    assert words in capsys.readouterr().err
    assert mine.read_text() == MINE
    assert [path.name for path in mine.parent.iterdir()] == ["mine.yaml"]


def test_schema_is_for_editors(capsys):
    assert run(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    properties = schema["properties"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"title", "task"}
    assert all(content.get("description") for content in properties.values())
    assert "classify" in properties["task"]["enum"]
    show = schema["$defs"]["Show"]["properties"]
    assert set(show) == {"first", "variants", "together", "axes", "points", "slow_until", "notice"}
    assert all(content.get("description") for content in show.values())
    assert "relu" in properties["model"]["items"]["anyOf"][0]["enum"]
    assert "loss" in properties["watch"]["items"]["enum"]


def test_next_names_the_first_lesson_that_is_not_done(tmp_path, monkeypatch, capsys):
    from lab.scenario.listing import slugs
    from lab.tui.progress import Progress

    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    first, second, third, *_ = slugs()
    assert run(["next"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{first} (")
    assert "This one takes about" in told
    Progress().finished(first, True, None)
    assert run(["next"]) == 0
    assert capsys.readouterr().out.startswith(f"{second} (")
    assert run(["run", second, "--plain"]) == 0
    capsys.readouterr()
    assert run(["next"]) == 0
    assert capsys.readouterr().out.startswith(f"{third} (")


def test_seeds_can_be_listed(capsys):
    assert run(["run", "dead-relu", "--seeds", "1,x"]) == 2
    assert "a list (1,2,7), not '1,x'" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_one_sentence(monkeypatch, capsys):
    import subprocess
    import sys

    with open("/dev/full", "w") as full:
        found = subprocess.run([sys.executable, "-m", "lab", "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert found.returncode == 2
    assert found.stderr == "There is no space left where the output goes, or in the lab's folders.\n"
    monkeypatch.setattr(sys, "stdout", None)
    assert run(["list"]) == 2
    assert "stdout is closed" in capsys.readouterr().err


def test_guess_asks_first_and_judges_at_the_end(monkeypatch, capsys):
    typed = iter(["no number", "2"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    assert run(["run", "multiply-gate", "--guess", "--plain", "--no-save"]) == 0
    told = capsys.readouterr().out
    question = load("multiply-gate").scenario.question
    guess = question.choices[1]
    assert told.index(question.ask) < told.index(question.because.split(".")[0])
    assert told.endswith(f"Your guess was {guess}; the answer is {question.answer}.\n")
    assert Progress().lesson("multiply-gate").guess == guess


def test_guess_and_json_exclude_each_other(capsys):
    assert run(["run", "multiply-gate", "--guess", "--json"]) == 2
    assert "--guess asks in words" in capsys.readouterr().err
