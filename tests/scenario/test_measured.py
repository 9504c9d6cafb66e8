"""Numbers that a lesson states about its run, choices that YAML may have cut, and what to try next."""

import pytest

from lab import tasks
from lab.errors import BadInput
from lab.scenario import load, load_text, parse_claim
from lab.scenario.measured import Measured, filled, spoken, values
from lab.terminal.question import question_of

TEXT = """\
title: Two rates
lesson: The large rate ends at {ratio} of the loss of the small one.
question:
  ask: Which?
  choices:
    - the large one, of course
    - the small one
    - neither
  answer: neither
  because: It is {ratio}.
task: regress
data: {name: linear, points: 20}
model: [{dense: outputs}]
train: {batch: 5, steps: 10, measure: 1}
watch: [loss]
variants: {small: {optimizer.rate: 0.001}, large: {}}
measured:
  ratio: {value: last(large.loss) / last(small.loss), between: [0.2, 0.75]}
try_next:
  - {says: A higher rate., set: {optimizer.rate: 0.1}}
  - {says: On three seeds., seeds: 3, only: [large]}
"""


def loaded(tmp_path, old="", new=""):
    assert old in TEXT
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace(old, new, 1) if old else TEXT)
    return load(path)


def test_a_text_has_the_range_before_a_run_and_the_number_after_it(tmp_path):
    scenario = loaded(tmp_path).scenario

    def lookup(variant, metric, layer):
        return [0, 10], {"small": [4.0, 3.0], "large": [4.0, 1.0]}[variant]

    assert (
        filled(scenario.lesson, scenario.measured) == "The large rate ends at 0.2 to 0.75 of the loss of the small one."
    )
    found = values(scenario.measured, [lookup])
    assert filled(scenario.question.because, scenario.measured, found) == "It is 0.33."


def test_several_seeds_give_a_range_and_what_is_no_number_the_remembered_one():
    measured = {"x": Measured(value="last(base.loss)", between=[1, 20])}
    assert filled("{x} and {y}", measured, {"x": [3.0, 12.345]}) == "3 to 12 and {y}"
    assert filled("{x}", measured, {"x": [float("inf"), float("nan")]}) == "1 to 20"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (16384, "16,384"),
        (0.9876, "0.99"),
        (99.6, "100"),
        (1540.2, "1,500"),
        (-0.042, "-0.042"),
        (3e-7, "3e-07"),
    ],
)
def test_numbers_in_sentences(number, words):
    assert spoken(number) == words


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{ratio} of", "{ration} of", r"lesson: {ration} quotes something that is not measured: did you mean ratio"),
        ("last(small.loss),", "last(tiny.loss),", r"measured\.ratio\.value: there is no variant 'tiny'"),
        ("last(large.loss) / last(small.loss)", "last(large.loss) < 1", r"what is measured is a number"),
        ("[0.2, 0.75]", "[0.75, 0.2]", r"the lowest, 0\.75, is above the highest, 0\.2"),
        ("[0.2, 0.75]", "[0.2]", r"between"),
        ("  ratio: {", "  my-ratio: {", r"'my-ratio' cannot be the name of something measured"),
        ("only: [large]", "only: [huge]", r"try_next\.1\.only\.0: there is no variant 'huge'"),
        (", set: {optimizer.rate: 0.1}", "", r"try_next\.0: nothing is changed here"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, old, new, words):
    with pytest.raises(BadInput, match=words):
        loaded(tmp_path, old, new)


def test_what_is_measured_must_be_something_that_the_task_measures(tmp_path):
    with pytest.raises(BadInput, match=r"there is no metric 'lost'"):
        tasks.check(loaded(tmp_path, "last(small.loss),", "last(small.lost),"))


def test_what_is_to_be_tried_must_be_possible(tmp_path):
    tasks.check_tries(loaded(tmp_path))
    with pytest.raises(BadInput, match=r":20:34: try_next\.0\.set\.optimizer\.rat: unknown key"):
        tasks.check_tries(loaded(tmp_path, "{optimizer.rate: 0.1}", "{optimizer.rat: 0.1}"))


def test_the_command_line_of_what_is_to_be_tried(tmp_path):
    first, second = loaded(tmp_path).scenario.try_next
    assert first.command("mine") == "lab run mine --set optimizer.rate=0.1"
    assert second.command("mine") == "lab run mine --variant large --seeds 3"


@pytest.mark.parametrize(
    "choices", ["[the large one, of course, the small one, neither]", "[Yes, always, neither]", "['a, b', c, neither]"]
)
def test_a_choice_that_yaml_may_have_cut_at_a_comma_is_refused(tmp_path, choices):
    block = "\n    - the large one, of course\n    - the small one\n    - neither"
    with pytest.raises(
        BadInput, match=r"mine\.yaml:5:\d+: question\.choices\.\d: '.*' may be the rest of '.*': in brackets"
    ):
        loaded(tmp_path, block, f" {choices}")


def test_choices_that_cannot_have_been_cut_are_taken_and_kept_runs_stay_readable(tmp_path):
    block = "\n    - the large one, of course\n    - the small one\n    - neither"
    loaded(tmp_path, block, " [one, neither]")
    loaded(tmp_path, block, " ['a, b', neither, \"c\"]")
    load_text(TEXT.replace(block, " [one, two, neither]"), tmp_path / "kept.yaml")


def test_the_reason_at_the_end_of_a_run_has_numbers_too(tmp_path):
    assert question_of(loaded(tmp_path)).because() == "It is 0.2 to 0.75."
    assert question_of(loaded(tmp_path), lambda: {"ratio": [0.41]}).because() == "It is 0.41."


def test_the_evidence_of_a_count_says_what_was_counted():
    def lookup(variant, metric, layer):
        return [0, 10], [0, {"dead": 3, "diverged": 1}[metric]]

    claim = parse_claim("last(a.dead) == 3 and last(a.diverged) == 1")
    assert claim.evidence(lookup) == "3 == 3 and 1 == 1 (a.dead is 3; a diverged)"
    assert parse_claim("last(a.dead) > 2").evidence(lookup) == "3 > 2"
