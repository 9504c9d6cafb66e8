"""Whatever is pressed, the lab goes on."""

from __future__ import annotations

from tests.tui.random_keys import pressed


def test_keys_at_random_raise_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problems, seen, _ = pressed(150, seed=4)
    assert not problems
    assert len(seen) > 2, f"only {seen} were seen"
