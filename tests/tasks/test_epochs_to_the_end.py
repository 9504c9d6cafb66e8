"""Tasks whose length is said in epochs run to their end, are stopped and resumed to the same bits, and are verified."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

import lab
from lab.cli import run
from lab.scenario.starters import starter
from lab.session import Session, keeping
from lab.store import Store
from tests.session.test_session import until

SMALLER = {
    "gan": {"data.points": 120, "options.head_start": 7},
    "vae": {"data.examples": 120},
    "caption": {"data.points": 120},
    "translate": {"data.points": 120},
}
EPOCHS = 3


@pytest.fixture
def scenario(tmp_path, request):
    """The first file of a task, on fewer examples, 3 epochs long."""
    task = request.param
    content = yaml.safe_load(starter(task, f"{task}.yaml"))
    for path, value in SMALLER[task].items():
        first, second = path.split(".")
        content[first][second] = value
    content["train"] = {"batch": content["train"]["batch"], "epochs": EPOCHS, "measure": 2}
    (variant, *_) = content["variants"]
    metric = next(each for each in content["watch"] if each not in ("generator_gradient", "modes"))
    content["claims"] = [{"says": "It is measured to its end.", "that": f"last({variant}.{metric}) < 1e9"}]
    path = tmp_path / f"{task}.yaml"
    path.write_text(yaml.dump(content, sort_keys=False))
    return path


@pytest.mark.parametrize("scenario", SMALLER, indirect=True)
def test_it_is_run_stopped_resumed_and_verified(scenario, tmp_path, capsys):
    whole = Session(lab.load(scenario))
    whole.start()
    assert whole.wait(120)
    (count,) = {replica.steps_done for replica in whole.replicas}
    batch = whole.loaded.scenario.train.batch
    assert EPOCHS * 80 / batch < count <= EPOCHS * 120 / batch + EPOCHS  # a part of 120 examples may be held back
    with Store.open(tmp_path / "home") as store:
        session = Session(lab.load(scenario))
        writer = keeping.begin(session, store, pytest.fail)
        session.pause()
        session.start(writer, writer.name, keep_open=True)
        until(lambda: all(session.settings(each.name) for each in session.variants))
        session.single_step(count // 2)
        until(lambda: session.idle)
        session.stop()
        assert session.wait(60)
        assert all(0 < replica.steps_done < count for replica in session.replicas)
        writer.close("interrupted")
        again, writer, _ = keeping.take_up(store, store.info(writer.name), 2, pytest.fail)
        again.start(writer, writer.name)
        assert again.wait(120)
        writer.close("finished")
        kept = store.curves(writer.name)
    for replica in whole.replicas:
        for metric in whole.loaded.scenario.watch:
            steps, values = whole.history.curve(replica.name, replica.seed, metric)
            assert steps[-1] == count
            found_at, found = kept[replica.name, replica.seed][metric]  # where it was stopped it was measured, too
            assert np.array_equal(found[np.isin(found_at, steps)], values, equal_nan=True), metric
    assert run(["run", str(scenario), "--plain", "--no-save"]) == 0
    assert f"epoch {EPOCHS} of {EPOCHS} · step {count} of {count}" in capsys.readouterr().out
    assert run(["verify", str(scenario), "--seeds", "0:2"]) == 0
