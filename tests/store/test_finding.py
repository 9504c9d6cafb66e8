"""Finding, listing and removing runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.errors import BadInput
from lab.home import home_folder
from lab.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path)
    for slug, state in (("dead-relu", "finished"), ("dead-relu", "diverged"), ("xor", "finished"), ("dead", "failed")):
        store.create(slug).close(state)
    return store


def test_runs_newest_first_and_filtered(store: Store) -> None:
    assert [info.name for info in store.runs()] == ["dead-1", "xor-1", "dead-relu-2", "dead-relu-1"]
    assert [info.name for info in store.runs(scenario="dead-relu")] == ["dead-relu-2", "dead-relu-1"]
    assert [info.name for info in store.runs(state="finished")] == ["xor-1", "dead-relu-1"]
    with pytest.raises(BadInput, match="did you mean finished"):
        store.runs(state="finishd")


def test_a_run_by_name_beginning_or_latest(store: Store) -> None:
    assert store.find("dead-relu-1").name == "dead-relu-1"
    assert store.find("x").name == "xor-1"
    assert store.find("latest").name == "dead-1"
    with pytest.raises(BadInput, match=r"'dead' is the beginning of 3 runs \(dead-1, dead-relu-2, dead-relu-1\)"):
        store.find("dead")
    with pytest.raises(BadInput, match=r"There is no run 'xor-2': did you mean xor-1\?"):
        store.find("xor-2")
    with pytest.raises(BadInput, match="There is no run ''"):
        store.find("")


def test_a_whole_name_is_not_the_beginning_of_another(store: Store) -> None:
    for _ in range(12):
        store.create("xor").close("finished")
    assert store.find("xor-1").name == "xor-1"
    assert store.find("xor-13").name == "xor-13"
    with pytest.raises(BadInput, match=r"There is no run 'xar-13': did you mean xor-13\?$") as caught:
        store.find("xar-13")
    assert "Allowed" not in str(caught.value)
    with pytest.raises(BadInput, match="`lab runs` lists them all"):
        store.find("something else")


def test_numbers_go_on_and_slugs_do_not_mix(store: Store) -> None:
    assert store.create("dead_relu").name == "dead_relu-1"
    assert store.create("dead-relu").name == "dead-relu-3"
    assert store.create("../../etc/passwd").name == "etc-passwd-1"
    assert store.create("ü").name == "run-1"


def test_removing_a_run_takes_its_files_along(store: Store) -> None:
    run = store.create("files")
    run.weights("good", 0, {"weight": np.zeros(3)})
    run.close("finished")
    assert store.folder("files-1").is_dir()
    store.remove("files-1")
    assert not store.folder("files-1").exists()
    with pytest.raises(BadInput, match="There is no run 'files-1'"):
        store.info("files-1")
    assert len(store.runs()) == 4


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home") as store:
        assert store.runs() == []
        with pytest.raises(BadInput, match=r"No runs are stored in .*home yet"):
            store.find("latest")
    assert not (tmp_path / "home").exists()


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "mine"))
    assert home_folder() == tmp_path / "mine"
    assert Store.open().path == tmp_path / "mine" / "runs.sqlite"
    monkeypatch.setenv("LAB_HOME", "")
    assert home_folder().name == "backprop-lab"
