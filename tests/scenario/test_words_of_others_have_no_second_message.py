"""A key with the word of another library is told once: what only follows from its absence is not."""

import pytest

from lab.tasks.every_problem import problems

SCENARIO = """title: T
task: classify
data: {csv: table.csv, target: kind}
model: [{dense: classes}]
optimizer: {name: adam, rate: 0.1}
train: {batch: 4, steps: 10}
watch: [loss]
claims: [{says: It learns., that: last(base.loss) < 3}]
"""


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("target: kind", "label: kind", ["the column that is predicted is `target` here"]),
        ("model:", "layers:", ["the layers are `model` here"]),
        ("watch:", "metrics:", ["what is measured is `watch` here"]),
        ("batch: 4", "batch_size: 4", ["the size of a batch is `batch` here"]),
        ("rate: 0.1", "lr: 0.1", ["the learning rate is `rate` here"]),
        ("steps: 10", "n_iter: 10", ["the number of steps is `steps` here"]),
        ("batch: 4", "batch: 4, epochs: 3, lr: 0.1", ["exclude each other", "the learning rate is `rate` here"]),
        ("rate: 0.1", "lr: 0.1, scheduler: {cosine: {}}", ["`rate` here", "`schedule` here", "'steps' and 'epochs'"]),
        ("target: kind", "target: kind, usecols: [y]", ["`features` here", "there is no column 'y'"]),
        ("task:", "learning_rate: 0.1\ntask:", ["the learning rate is `rate` here"]),
        ("csv: table.csv", "file: table.csv", ["the key says what the file is: csv (any table), boxes, idx, images"]),
        ("csv: table.csv", "cvs: table.csv", ["unknown key 'cvs'; did you mean csv?"]),
        ("target: kind", "label: kid", ["`target` here", "there is no column 'kid'"]),
    ],
)
def test_one_message_for_one_mistake(tmp_path, written, instead, told):
    (tmp_path / "table.csv").write_text("x,kind\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(12)))
    path = tmp_path / "t.yaml"
    assert written in SCENARIO
    path.write_text(SCENARIO.replace(written, instead, 1))
    found = [str(each) for each in problems(str(path))]
    assert len(found) == len(told), found
    assert all(any(part in each for each in found) for part in told), found
