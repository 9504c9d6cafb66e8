"""`lab verify` in one process: what it prints and returns."""

from __future__ import annotations

import json

import pytest

from lab.cli import run
from tests.session.scenarios import SMALL

GOOD = SMALL[: SMALL.index("  - says: This cannot be.")]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(SMALL)
    return {"good": str(tmp_path / "good.yaml"), "bad": str(tmp_path / "bad.yaml")}


def test_a_line_for_each_claim_and_a_summary(files, capsys):
    assert run(["verify", files["good"], files["bad"], "--seeds", "5:8"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines[:3]] == ["held  good ", "held  bad  ", "SHORT bad  "]
    assert "3 of 3   [0.44, 1.00]" in lines[0]
    assert lines[2].endswith("This cannot be.  (not on 5, 6, 7)")
    assert lines[-1].startswith("2 of 3 claims held, after ")


def test_all_held_is_0_and_the_markdown_is_a_table(files, capsys):
    assert run(["verify", files["good"], "--seeds", "2", "--markdown"]) == 0
    head, rule, row, *_ = capsys.readouterr().out.splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 6
    assert row.startswith("| good | Both learn something. | 2 of 2 | 0.34–1.00 | ")


def test_json_is_an_object_for_each_claim(files, capsys):
    assert run(["verify", files["bad"], "--seeds", "2", "--json", "--threads", "1"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["held"], row["held_on"], row["seeds"], row["missed"]) for row in rows] == [
        (True, 2, 2, []), (False, 0, 2, [0, 1])
    ]  # fmt: skip
    assert rows[0]["interval"] == [0.3424, 1.0]
    assert rows[0]["seconds"] == rows[1]["seconds"] > 0


def test_a_bad_scenario_is_refused_before_anything_is_trained(files, capsys):
    assert run(["verify", files["good"], "--set", "optimizer.rate=-1"]) == 2
    assert capsys.readouterr().out == ""
    assert run(["verify", "actvations"]) == 2
    assert "activations" in capsys.readouterr().err
    assert run(["verify", files["good"], "--json", "--markdown"]) == 2
