"""Lengths in epochs: they are so many steps that every example is seen so often, and nothing else is different."""

import json
import re

import numpy as np
import pytest

import lab
from lab.cli import run
from lab.errors import BadInput
from lab.events import Measured, Started, from_json, to_json
from lab.search.sweep import Sweep
from lab.session import Session, keeping
from lab.spaces import parse_axis
from lab.store import Store
from lab.tasks import check
from lab.terminal.dashboard_content import DashboardContent
from lab.terminal.run_state import RunState
from lab.terminal.sentences import heading, reached
from lab.terminal.style import Style
from lab.tui.run.configuration import started_steps
from tests.session.resuming import stopped_and_resumed
from tests.session.test_session import until

SCENARIO = """
title: Epochs
task: {task}
data: {{name: {data}, points: 75, validation: 0}}
model: [{{dense: 6}}, relu, {{dense: {last}}}]
optimizer: {optimizer}
train: {train}
watch: [loss, rate]
variants: {variants}
"""
ADAM = "{name: adam, rate: 0.01}"


@pytest.fixture
def scenario(tmp_path):
    def write(train, optimizer=ADAM, task="classify", data="spiral", last="classes", variants="{}"):
        path = tmp_path / "epochs.yaml"
        path.write_text(
            SCENARIO.format(train=train, optimizer=optimizer, task=task, data=data, last=last, variants=variants)
        )
        return path

    return write


def trained(path, **settings):
    session = Session(lab.load(path), **settings)
    session.start()
    assert session.wait(60)
    return session


def curve(session, metric="loss", variant="base"):
    return session.history.curve(variant, 0, metric)


@pytest.mark.parametrize(
    ("batch", "epochs", "steps"),
    [(25, 4, 12), (10, 3, 23), (10, 2, 15), ("all", 7, 7), (75, 2, 2), (1, 1, 75), (64, 1, 2)],
)
def test_epochs_are_the_steps_that_see_every_example_so_often_and_train_alike(scenario, batch, epochs, steps):
    said = trained(scenario(f"{{batch: {batch}, epochs: {epochs}, measure: 1}}"))
    counted = trained(scenario(f"{{batch: {batch}, steps: {steps}, measure: 1}}"))
    for mine, other in zip(curve(said), curve(counted), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert curve(said)[0][-1] == steps


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("{cosine: {epochs: 3}}", "{cosine: {steps: 23}}"),
        ("[{warm_up: {epochs: 1}}, {cosine: {epochs: 2}}]", "[{warm_up: {steps: 8}}, {cosine: {steps: 15}}]"),
        # 7.5 steps each: the ends are those of 7.5, 15 and 22.5, whatever was rounded before.
        (
            "[{constant: {epochs: 1}}, {constant: {epochs: 1}}, {cosine: {epochs: 1}}]",
            "[{constant: {steps: 8}}, {constant: {steps: 7}}, {cosine: {steps: 8}}]",
        ),
        ("{step: {every_epochs: 1}}", "{step: {every: 8}}"),
        ("{cyclic: {period_epochs: 1, epochs: 2}}", "{cyclic: {period: 8, steps: 15}}"),
        ("[{warm_up: {steps: 3}}, {cosine: {epochs: 2}}]", "[{warm_up: {steps: 3}}, {cosine: {steps: 15}}]"),
    ],
)
@pytest.mark.parametrize("length", ["epochs: 3", "steps: 23"])
def test_schedules_are_counted_too(scenario, said, counted, length):
    settings = f"{{batch: 10, {length}, measure: 1}}"
    first = trained(scenario(settings, f"{{name: sgd, rate: 0.1, schedule: {said}}}"))
    second = trained(scenario(settings, f"{{name: sgd, rate: 0.1, schedule: {counted}}}"))
    np.testing.assert_array_equal(curve(first, "rate")[1], curve(second, "rate")[1])
    assert len(set(curve(first, "rate")[1])) > 2


def test_the_rate_by_epochs_is_that_of_pytorch(scenario):
    torch = pytest.importorskip("torch")
    made = trained(
        scenario("{batch: 25, epochs: 6, measure: 1}", "{name: sgd, rate: 0.1, schedule: {step: {every_epochs: 2}}}")
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule, rates = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5), []
    for _ in range(6):
        for _ in range(3):  # 75 examples in batches of 25
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
        schedule.step()
    np.testing.assert_allclose(curve(made, "rate")[1][1:], rates, rtol=1e-6)


@pytest.mark.parametrize(
    ("train", "optimizer", "told"),
    [
        ("{epochs: 2, steps: 5}", ADAM, "7:9: train.epochs: steps and epochs exclude each other: both say how long is"),
        ("{epochs: 0}", ADAM, "train.epochs: 0 is not allowed here: it must be at least 1."),
        ("{epochs: 1.5}", ADAM, "train.epochs: 1.5 is not allowed here: it must be a whole number."),
        ("{epochs: all}", ADAM, "train.epochs: 'all' is not allowed here"),
        ("{epoch: 5}", ADAM, "the length of a training is `steps` or `epochs` here, in `train`"),
        ("{steps: 5}", "{name: sgd, schedule: {cosine: {}}}", "one of the keys 'steps' and 'epochs' must be given."),
        (
            "{steps: 5}",
            "{name: sgd, schedule: {step: {}}}",
            "one of the keys 'every' and 'every_epochs' must be given.",
        ),
        (
            "{steps: 5}",
            "{name: sgd, schedule: {cosine: {steps: 3, epochs: 1}}}",
            "steps and epochs exclude each other.",
        ),
        ("{steps: 5}", "{name: sgd, schedule: {cosine: {epochs: x}}}", "cosine.epochs: 'x' is not allowed here"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(scenario, train, optimizer, told):
    with pytest.raises(BadInput) as caught:
        check(lab.load(scenario(train, optimizer)))
    assert told in str(caught.value)


def test_a_task_without_epochs_says_so():
    with pytest.raises(BadInput, match=r"overrides train\.epochs: the task descend has no epochs: say how many steps"):
        check(lab.load("taco-shell", {"train.epochs": 3}))


def test_what_was_set_last_says_how_long_is_trained(scenario):
    variants = "{by_steps: {train.steps: 5}, by_epochs: {}}"
    loaded = lab.load(scenario("{batch: 25, epochs: 2, measure: 1}", variants=variants))
    session = Session(loaded)
    assert {each.name: each.scenario.train.steps for each in session.variants} == {"by_steps": 5, "by_epochs": 6}
    assert (
        Session(lab.load(scenario("{batch: 25, steps: 9}"), {"train.epochs": 2})).variants[0].scenario.train.steps == 6
    )


def test_a_command_takes_epochs_in_place_of_what_the_scenario_says(scenario, capsys):
    variants = "{as_it_is: {}, by_steps: {train.steps: 5}, by_epochs: {train: {batch: 75, epochs: 9}}}"
    path = str(scenario("{batch: 25, steps: 70, measure: 1}", variants=variants))
    assert run(["run", path, "--plain", "--epochs", "2"]) == 0
    told = capsys.readouterr().out
    for name, steps in (("as_it_is", 6), ("by_steps", 6), ("by_epochs", 2)):
        assert re.search(rf"{name} +epoch 2 of 2 · step +{steps} of {steps}:", told)
    assert (
        run(
            [
                "sweep",
                path,
                "--over",
                "optimizer.rate=[0.1, 0.2]",
                "--trials",
                "2",
                "--epochs",
                "2",
                "--json",
                "--no-save",
            ]
        )
        == 0
    )
    assert {json.loads(line)["steps"] for line in capsys.readouterr().out.splitlines()} == {6}
    assert run(["diagnose", path, "--epochs", "2", "--json"]) == 0
    capsys.readouterr()
    assert run(["run", path, "--epochs", "2", "--steps", "3"]) == 2
    assert "--steps and --epochs exclude each other" in capsys.readouterr().err
    assert run(["run", "taco-shell", "--epochs", "2"]) == 2
    assert "the task descend has no epochs: say how many steps" in capsys.readouterr().err


def test_a_run_says_which_epoch_it_is_in(scenario, capsys):
    loaded = lab.load(scenario("{batch: 10, epochs: 3}"))
    started, state = Session(loaded)._roster.started("cpu", None), RunState()
    assert started.epochs == {"base": (3, 7.5)}
    assert from_json(json.loads(json.dumps(to_json(started)))) == started
    assert heading(started) == "1 variant × 1 seed, 23 steps (3 epochs), on cpu"
    state.handle(started)
    # Of 75 examples in batches of 10, step 8 begins with example 70 and step 9 with example 80.
    told = [reached(state, "base", step) for step in (0, 1, 8, 9, 15, 16, 23)]
    assert [each.split(" of ")[0] for each in told] == [f"epoch {n}" for n in (1, 1, 1, 2, 2, 3, 3)]
    assert told[-1] == "epoch 3 of 3 · step 23 of 23"
    assert started_steps(started, loaded) is None
    shorter = Session(loaded, steps=7)._roster.started("cpu", None)
    assert not shorter.epochs
    assert started_steps(shorter, loaded) == 7
    assert "epochs" not in to_json(shorter)


@pytest.mark.parametrize("width", [80, 200])
def test_the_line_of_a_variant_tells_its_epoch(width):
    state = RunState()
    state.handle(
        Started(
            "s", "S", ("said", "counted"), (0,), {"said": 800, "counted": 9}, ("loss",), epochs={"said": (20, 40.0)}
        )
    )
    state.handle(Measured("said", 0, 121, {"loss": 0.5}))
    lines = DashboardContent(state, Style()).variants(width, 2)
    assert "15 % epoch  4 of 20" in lines[0].plain
    assert "epoch" not in lines[1].plain
    assert all(len(each.plain.rstrip()) <= width for each in lines)
    assert lines[1].plain.index("waiting") == lines[0].plain.index("running")


def test_a_run_without_epochs_reads_as_before():
    state = RunState()
    state.handle(Started("s", "S", ("a",), (0,), {"a": 800}, ("loss",)))
    assert reached(state, "a", 12) == "step  12 of 800"


def test_an_interrupted_run_goes_on_to_its_last_epoch(scenario, tmp_path):
    path = scenario("{batch: 25, epochs: 400, measure: 1}", "{name: sgd, schedule: {cosine: {epochs: 400}}}")
    whole = trained(path)
    with Store.open(tmp_path / "home") as store:
        session = Session(lab.load(path))
        writer = keeping.begin(session, store, pytest.fail)
        assert store.info("epochs-1").steps == {"base": 1200}
        session.pause()
        session.start(writer, writer.name, keep_open=True)
        until(lambda: session.settings("base"))
        session.single_step(70)
        until(lambda: session.idle)
        kept = stopped_and_resumed(session, writer, store)["base", 0]
        for metric in ("loss", "rate"):
            assert np.array_equal(kept[metric], curve(whole, metric))


def test_a_run_and_its_replay_tell_the_epoch(scenario, capsys):
    path = scenario("{batch: 25, epochs: 4, measure: 1}")
    assert run(["run", str(path), "--plain"]) == 0
    out = capsys.readouterr().out
    assert "epoch 4 of 4 · step 12 of 12" in out
    assert "12 steps (4 epochs)" in out
    assert run(["replay", "epochs-1", "--plain"]) == 0
    assert "epoch 4 of 4 · step 12 of 12" in capsys.readouterr().out


def test_trials_of_a_sweep_train_so_many_epochs(scenario):
    loaded = lab.load(scenario("{batch: 25, epochs: 4}"))
    assert Sweep(loaded, [parse_axis("optimizer.rate=log(1e-3,1)")], trials=2).steps == 12
    with pytest.raises(BadInput, match=r"train\.batch is searched: say how many steps each trial has"):
        Sweep(loaded, [parse_axis("train.batch=int(5,20)")], trials=2)
    assert Sweep(loaded, [parse_axis("train.batch=int(5,20)")], trials=2, steps=8).steps == 8


def test_a_text_is_gone_through_in_windows():
    settings = {"train.epochs": 2, "train.batch": 8, "options.window": 40}
    session = Session(lab.load("char-rnn", settings), variants=None)
    for variant, replica in zip(session.variants, session.replicas, strict=True):
        experiment = session._roster.build(replica)
        windows = ((len(experiment.text) - 1) // 8) // 40
        assert variant.scenario.train.steps == 2 * windows
