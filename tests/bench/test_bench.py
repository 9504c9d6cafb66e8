"""The race, whole runs and whole processes, tiny, without peers; no assertion on how long anything takes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lab.bench import image_nets, race, sequence_nets, sessions, starts
from lab.bench.contestant import seconds_per_step
from lab.bench.contestants import numpy_loop
from lab.bench.image_nets import IMAGE_NETS
from lab.bench.nets import NETS, Net, scenario_text, write_data
from lab.cli import run
from lab.scenario import load_text
from lab.tasks import check, task_of

TINY = Net("tiny", (3, 4, 2), 8, "adam", 5)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    monkeypatch.setitem(NETS, "middle", Net("middle", (3, 4, 2), 8, "adam", 5))
    write_data(tmp_path, NETS["middle"])
    return tmp_path


@pytest.mark.parametrize("net", [*NETS.values(), TINY], ids=lambda net: net.name)
def test_each_net_is_a_scenario_that_passes_every_check(net, tmp_path):
    write_data(tmp_path, net)
    loaded = load_text(scenario_text(net), tmp_path / net.name / "net.yaml")
    check(loaded)
    assert loaded.scenario.train.batch == net.batch


def test_operations_are_those_of_the_products_in_the_plan(tmp_path):
    from lab.bench.contestants.lab_itself import experiment

    net = NETS["small"]
    write_data(tmp_path, net)
    plan = experiment(tmp_path, "small").layout.plans["step"]
    products = sum(row.operations for row in plan.rows if row.kernel.function.__module__ == "kernels.matrix")
    assert net.operations == products


@pytest.mark.parametrize("net", IMAGE_NETS.values(), ids=lambda net: net.name)
def test_each_convolutional_net_is_a_scenario_whose_products_are_counted(net, tmp_path):
    image_nets.write_images(tmp_path, net)
    loaded = load_text(image_nets.scenario_text(net), tmp_path / net.name / "net.yaml")
    scenario = loaded.variants[0].scenario
    made = task_of(scenario).build(scenario, 0, tmp_path / net.name)
    products = ("kernels.matrix", "kernels.convolution")
    rows = made.layout.plans["step"].rows
    assert net.operations == sum(row.operations for row in rows if row.kernel.function.__module__ in products)


@pytest.mark.parametrize("net", sequence_nets.SEQUENCE_NETS.values(), ids=lambda net: net.name)
def test_each_recurrent_net_is_a_scenario_whose_products_are_counted(net, tmp_path):
    sequence_nets.write_text(tmp_path, net)
    loaded = load_text(sequence_nets.scenario_text(net), tmp_path / net.name / "net.yaml")
    scenario = loaded.variants[0].scenario
    made = task_of(scenario).build(scenario, 0, tmp_path / net.name)
    products = ("kernels.matrix", f"kernels.{net.kind}")
    rows = made.layout.plans["step"].rows
    assert net.operations == sum(row.operations for row in rows if row.kernel.function.__module__ in products)


def test_the_loop_in_numpy_has_the_gradients_of_the_lab(tmp_path):
    """The same weights and the same window give the same gradient; the lab's loss is the mean over the window."""
    net = sequence_nets.SequenceNet("small", "rnn", units=6, window=5, batch=1, optimizer="adagrad", rate=0.1)
    sequence_nets.write_text(tmp_path, net)
    scenario = load_text(sequence_nets.scenario_text(net), tmp_path / "small" / "net.yaml").variants[0].scenario
    made = task_of(scenario).checked(scenario, tmp_path / "small")
    made.prepare()
    w = {name: value.astype(np.float64) for name, value in made.weights().items()}
    weights = [w[f"{name}.weight"].T for name in ("rnn1.input", "rnn1.recurrent", "dense1")]
    weights += [w["rnn1.bias"][:, None], w["dense1.bias"][:, None]]
    made.run_beside("gradient")
    found, _ = numpy_loop.gradients(weights, np.zeros((6, 1)), made.text[:5], made.text[1:6])
    names = ("rnn1.input.weight", "rnn1.recurrent.weight", "dense1.weight", "rnn1.bias", "dense1.bias")
    for name, gradient in zip(names, found, strict=True):
        own = made.read(made.gradients.members[name])
        np.testing.assert_allclose(5 * own, gradient.T.reshape(own.shape), rtol=1e-3, atol=1e-6)


def test_a_turn_lasts_long_enough_to_be_timed():
    done = []
    assert seconds_per_step(done.append, 1000) > 0
    assert sum(done) % 1000 == 0


def test_bench_without_peers(capsys):
    assert run(["bench", "nets", "--net", "small", "--rounds", "1", "--no-peers"]) == 0
    out = capsys.readouterr().out
    assert "2-16-16-2, batch 32, SGD" in out
    assert "GFLOP/s, " in out
    assert "PyTorch" not in out


def test_bench_as_json_says_where_and_how(capsys, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert run(["bench", "nets", "--net", "small", "--rounds", "1", "--no-peers", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pinned"] == "Haswell"
    assert found["blas"]["threads"] == 1
    (net,) = found["nets"]
    assert net["results"][0]["title"] == "lab"
    assert net["results"][0]["ratio"] == 1
    assert 0 < net["speed"] < net["limit"]


def test_contestants_choose_their_own_blas_kernels_and_use_one_thread(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    environment = race.environment()
    assert "OPENBLAS_CORETYPE" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net"], "There is no part 'net': did you mean nets?"),
        (
            ["probes"],
            "There is no part 'probes': allowed: convolution, metrics, nets, plots, replicas, sequences, starts.",
        ),
        (["--net", "smal"], "There is no net 'smal': did you mean small?"),
        (["--rounds", "0"], "rounds"),
    ],
)
def test_bench_refuses_what_it_does_not_know(arguments, words, capsys):
    assert run(["bench", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_named(tmp_path):
    peer = race.Contestant("other", "other", "no_such_library_anywhere", {"Other": ""})
    (found,) = race.race([NETS["small"]], tmp_path, 1, [peer])
    assert found.absent == {"other": "not installed"}
    assert [each.title for each in found.results] == ["lab"]


def test_a_peer_that_fails_is_named_with_its_last_words(tmp_path):
    peer = race.Contestant("broken", "no_such_contestant", None, {"Broken": ""})
    (found,) = race.race([NETS["small"]], tmp_path, 1, [peer])
    assert "no_such_contestant" in found.absent["broken"]


def test_whole_runs(tiny):
    together = sessions.replicas(tiny, threads=2, rounds=1, steps=20)
    assert together.ratio == pytest.approx(together.after / together.before)
    measuring = sessions.metrics(rounds=1, steps=40)
    assert measuring.share < 1
    assert sessions.plots(rounds=1, steps=40).after > 0


def test_whole_processes(tmp_path):
    environment = {"LAB_HOME": str(tmp_path)}
    seconds, memory = starts.run(("--version",), environment)
    assert seconds > 0
    assert memory is None or memory > 1024**2
    with pytest.raises(subprocess.CalledProcessError):
        starts.run(("show", "no-such-scenario"), environment)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_contestants_stay_on_one_core(tmp_path):
    code = "import os; from lab.bench import contestant; contestant.folder(); print(os.sched_getaffinity(0))"
    core = race.core()
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(core)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{{{core}}}\n"
