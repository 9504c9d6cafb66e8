"""What somebody writes in a first file of their own, and that the message says how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cli import run

FILE = """\
title: mine
task: classify
data: {name: digits, examples: 300}
model: [{dense: 16}, relu, {dense: classes}]
watch: [loss, val_accuracy]
claims:
  - {says: It learns., that: last(base.loss) < 9}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("last(base.loss) < 9", "last(base.val_accuracy) > 0.5", "must be held back, `validation: 0.2` in `data`"),
        ("last(base.loss) < 9", "loss < 9", "its last value last(variant.metric)"),
        ("{dense: 16}", "{conv: 16}", "'kernel_size' is missing; it must be given, as in `{conv: 8, kernel_size: 3, p"),
        ("{dense: 16}", "max_pool", "'kernel_size' is missing; it must be given, as in `{max_pool: 2}`"),
        ("val_accuracy]", "confusion_matrix]", "`options: {pictures: [confusion]}`"),
        ("name: digits, examples: 300", "folder: here", "a folder of images is `images` here: `images: here`"),
    ],
)  # fmt: skip
def test_a_first_mistake_is_answered_with_what_to_write(old, new, told, tmp_path: Path, capsys) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    assert run(["check", str(path)]) == 2
    assert told in capsys.readouterr().err
