"""Examples of some classes count for more in the loss and in its gradient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lab
from lab.errors import BadInput, InvalidValue
from lab.graph import constant
from lab.tasks.training.class_weights import weighed_hinge, weighed_logistic, weighed_softmax
from tests.evaluation.tables import HEADER, lines, write
from tests.graph.checking import check
from tests.tasks.test_training import experiment

SCORES = np.array([[2.0, -1.0, 0.3], [0.1, 0.2, -3.0], [-2.0, 4.0, 1.5], [15.0, 0.0, -1.0]])
LABELS = np.array([0, 2, 1, 0])
WEIGHTS = np.array([0.01, 3.0, 0.5])


def mean(costs: np.ndarray) -> float:
    """As PyTorch's reduction of `cross_entropy(…, weight=…)`."""
    weights = WEIGHTS[LABELS]
    return float((weights * costs).sum() / weights.sum())


def test_softmax() -> None:
    costs = np.log(np.exp(SCORES).sum(axis=1)) - SCORES[np.arange(4), LABELS]
    check(weighed_softmax(WEIGHTS), SCORES, LABELS, equals=[mean(costs)], wrt=[0])


def test_a_class_may_count_nothing_but_not_all_of_them() -> None:
    costs = np.log(np.exp(SCORES).sum(axis=1)) - SCORES[np.arange(4), LABELS]
    check(weighed_softmax(np.array([0, 7.0, 0])), SCORES, LABELS, equals=[costs[2]], wrt=[0])


def test_a_batch_of_which_nothing_counts_has_no_loss() -> None:
    for loss in (weighed_softmax, weighed_hinge):
        check(loss(np.array([0, 7.0, 0])), SCORES[[0, 3]], LABELS[[0, 3]], equals=[0.0], wrt=[0])


def test_hinge() -> None:
    right = SCORES[np.arange(4), LABELS]
    costs = np.maximum(SCORES - right[:, None] + 1, 0).sum(axis=1) - 1
    check(weighed_hinge(WEIGHTS), SCORES, LABELS, equals=[mean(costs)], wrt=[0])


def test_logistic() -> None:
    logits = np.array([[2.0, -1.0], [0.1, 15.0], [-2.0, 4.0]])
    labels = np.array([[1, 0], [0, 1], [1, 1]])
    weights = np.array([[0.6, 1.0], [3.0, 9.0]])
    each = np.where(labels > 0, weights[1], weights[0])
    costs = np.logaddexp(0, np.where(labels > 0, -logits, logits))
    check(lambda x: weighed_logistic(weights)(x, constant(labels)), logits, equals=[(each * costs).sum() / each.sum()])


SCENARIO = """\
title: T
task: {task}
data:
  {{csv: customers.csv, target: {target}, features: [age], validation: 0.3, standardise: true}}
model: [{{dense: classes}}]
optimizer: {{name: adam, rate: 0.05}}
train: {{batch: 32, steps: 300}}
watch: [loss, val_recall]
options: {{class_weights: {weights}}}
"""


def scenario(folder: Path, weights: str, task: str = "classify", target: str = "outcome") -> Path:
    rows = [row for place, row in enumerate(lines(600)) if "buys" not in row or place % 6 == 0]
    write(folder / "customers.csv", rows, HEADER)
    path = folder / "t.yaml"
    path.write_text(SCENARIO.format(task=task, target=target, weights=weights))
    return path


def test_the_rare_class_is_found_more_often(tmp_path: Path) -> None:
    found = {}
    for weights in ("null", "balanced", "{buys: 30}"):
        result = lab.run(scenario(tmp_path, weights))
        found[weights] = result.curve("base", "val_recall.buys")[1][-1]
    assert found["null"] + 0.2 < found["balanced"] <= found["{buys: 30}"]


def test_balanced_is_scikit_learns_formula(tmp_path: Path) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    from lab.data import load
    from lab.tasks.training.class_weights import of_classes, of_labels

    loaded = lab.load(scenario(tmp_path, "balanced"))
    train = load(loaded.scenario.data, 0, tmp_path, "classes").train
    right = compute_class_weight("balanced", classes=np.arange(2), y=train.targets)
    np.testing.assert_allclose(of_classes("balanced", train), right)
    labelled = lab.load(scenario(tmp_path, "balanced", "label", "member"))
    train = load(labelled.scenario.data, 0, tmp_path, "labels").train
    right = compute_class_weight("balanced", classes=np.arange(2), y=train.targets[:, 0])
    np.testing.assert_allclose(of_labels("balanced", train)[:, 0], right)


SPIRAL = {"name": "spiral", "points": 90, "validation": 0.2}
ONE_CLASS = {"arm 1": 0, "arm 2": 0}
OTHERS = {
    "average": (SPIRAL, {"after": 5}, "average_loss"),
    "ensemble": (SPIRAL, {"members": 2}, "ensemble_loss"),
    "snapshots": (SPIRAL, {"every": 5}, "ensemble_loss"),
    "cross-validation": (
        {"name": "spiral", "points": 90},
        {"over": {"model.0.dense": [3, 12]}, "pool": 30, "folds": 3, "steps": 60},
        "test",
    ),
}


@pytest.mark.parametrize("task", OTHERS)
def test_other_tasks_that_train_a_classifier_weigh_alike(task: str) -> None:
    data, options, metric = OTHERS[task]
    found = []
    for weights in (None, ONE_CLASS):
        net = experiment(
            task=task, data=data, watch=[metric], options=options | {"class_weights": weights},
            train={"batch": 16, "steps": 40},
        )  # fmt: skip
        net.advance(2 if task == "cross-validation" else 40)
        found.append(net.measure()[metric])
    if task == "cross-validation":
        assert abs(found[1] - 1 / 3) < 0.05 < found[0] - 1 / 3  # only one class is ever answered
    else:
        assert found[1] < 0.05 < 0.3 < found[0]  # of the one class that counts nothing is wrong


def test_an_option_of_other_tasks_is_refused_by_name() -> None:
    with pytest.raises(InvalidValue) as raised:
        experiment(
            task="grid", data=SPIRAL, watch=["loss"],
            options={"scales": [1.0], "rates": [0.1], "class_weights": "balanced"},
        )  # fmt: skip
    assert raised.value.path == ("options", "class_weights")
    assert "is an option of other tasks (average, classify, cross-validation, ensemble, label, snapshots)" in str(
        raised.value
    )


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("{bouys: 2}", "there is no class 'bouys'; did you mean buys?"),
        ("{buys: -1}", "is a weight from 0 to 1,000,000, not -1"),
        ("{buys: 0, leaves: 0}", "are all 0: no class would count"),
        ("even", "is `balanced`, or weights by class such as {yes: 10}, not 'even'"),
    ],
)
def test_wrong_weights_are_named(tmp_path: Path, weights: str, told: str) -> None:
    with pytest.raises(BadInput) as raised:
        lab.load(scenario(tmp_path, weights))
    assert told in str(raised.value)
    assert "class_weights" in str(raised.value)
