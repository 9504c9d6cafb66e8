"""Examples that are made of a seed alone are made once for all who ask for the same."""

from __future__ import annotations

import weakref
from pathlib import Path

from lab.data import load
from lab.scenario import load_text
from lab.session import Session
from lab.tasks import check

SPIRAL = {"name": "spiral", "points": 40, "validation": 0.25}


def test_whoever_asks_for_the_same_shares_it_and_nobody_else():
    made = load(SPIRAL, 3)
    assert load(dict(SPIRAL), 3) is made
    assert load(SPIRAL, 4) is not made
    assert load(SPIRAL | {"noise": 0.5}, 3) is not made
    assert load(SPIRAL | {"standardise": True}, 3).train.inputs is not made.train.inputs
    assert load(SPIRAL | {"seed": 3}, 9).train.inputs.tolist() == made.train.inputs.tolist()


def test_variants_and_seeds_share_what_the_block_gives_a_seed():
    text = (
        "title: t\ntask: classify\ndata: {name: spiral, points: 40, seed: 5}\nmodel: [{dense: classes}]\n"
        "train: {steps: 1}\nwatch: [loss]\nvariants: {slow: {optimizer.rate: 0.1}, fast: {optimizer.rate: 0.2}}\n"
    )
    loaded = load_text(text, Path("t.yaml"))
    check(loaded)
    session = Session(loaded, seeds=[0, 1])
    session.start()
    assert session.wait(60)
    assert len(session.replicas) == 4
    assert len({id(replica.experiment.split) for replica in session.replicas}) == 1


def test_what_nobody_uses_any_more_goes_when_others_have_come():
    gone = weakref.ref(load(SPIRAL, 100))
    assert gone() is not None
    for seed in range(101, 106):
        load(SPIRAL, seed)
    assert gone() is None


def test_files_are_looked_at_each_time(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("x,y,label\n" + "1,2,a\n3,4,b\n" * 5, encoding="utf-8")
    before = load({"csv": str(path), "target": "label"}, 0)
    path.write_text("x,y,label\n" + "1,2,a\n3,5,b\n" * 5, encoding="utf-8")
    after = load({"csv": str(path), "target": "label"}, 0)
    assert before.train.inputs.tolist() != after.train.inputs.tolist()
