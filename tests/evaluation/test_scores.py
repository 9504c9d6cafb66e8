"""Each score is that of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from lab.metrics import scores


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of classes that are never answered, which is the case meant
def test_scores_of_classes(classes: int) -> None:
    chance = np.random.default_rng(classes)
    targets = chance.integers(0, classes, 80)
    numbers = np.round(chance.dirichlet(np.ones(classes), 80) + 2.0 * (np.arange(classes) == targets[:, None]), 1)
    probabilities = numbers / numbers.sum(axis=1, keepdims=True)
    probabilities[:, -1] *= 0.2  # so that the last class is hardly ever answered
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    answers = probabilities.argmax(axis=1)
    confusion = scores.confusion_matrix(targets, answers, classes)
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(targets, answers, labels=range(classes)))
    for ours, theirs in (
        (scores.precision, metrics.precision_score),
        (scores.recall, metrics.recall_score),
        (scores.f1, metrics.f1_score),
    ):
        expected = theirs(targets, answers, average=None, labels=range(classes))
        np.testing.assert_allclose(ours(confusion), expected)
        macro = theirs(targets, answers, average="macro")
        assert scores.averaged(ours(confusion), confusion) == pytest.approx(macro)
    assert scores.balanced_accuracy(confusion) == pytest.approx(metrics.balanced_accuracy_score(targets, answers))
    assert scores.log_loss(targets, probabilities) == pytest.approx(metrics.log_loss(targets, probabilities))
    if classes == 2:
        expected = metrics.roc_auc_score(targets, probabilities[:, 1])
    else:
        expected = metrics.roc_auc_score(targets, probabilities, multi_class="ovr")
    assert scores.roc_auc_of_classes(targets, probabilities) == pytest.approx(expected)
    ranked = scores.average_precisions(targets, probabilities)
    for number in range(classes):
        theirs = metrics.average_precision_score(targets == number, probabilities[:, number])
        assert ranked[number] == pytest.approx(theirs)


@pytest.mark.parametrize("outputs", [1, 3])
def test_scores_of_values(outputs: int) -> None:
    chance = np.random.default_rng(outputs)
    targets = chance.normal(size=(50, outputs)) * 30 + 300
    answers = targets + chance.normal(size=(50, outputs)) * 10
    assert scores.r2(targets, answers) == pytest.approx(metrics.r2_score(targets, answers))
    assert scores.mean_absolute_error(targets, answers) == pytest.approx(metrics.mean_absolute_error(targets, answers))
    expected = metrics.root_mean_squared_error(targets, answers)
    assert scores.root_mean_squared_error(targets, answers) == pytest.approx(expected)
    same = np.full((4, outputs), 2.0)
    assert (scores.r2(same, same), scores.r2(same, same + 1)) == (1, 0)


def test_calibration_of_a_forecaster_who_is_right_as_often_as_he_says() -> None:
    chance = np.random.default_rng(0)
    confidence = chance.uniform(0.5, 1, 20_000)
    right = chance.uniform(size=20_000) < confidence
    rows, error = scores.calibration(confidence, right)
    assert [row[:2] for row in rows] == [(0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)]
    assert sum(row[2] for row in rows) == 20_000
    assert error < 0.02
    assert scores.calibration(np.full(4, 0.9), np.array([True, False, False, False]))[1] == pytest.approx(0.65)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_with_ties_and_rare_examples(seed: int) -> None:
    chance = np.random.default_rng(seed)
    true = chance.uniform(size=200) < 0.05
    true[0] = True
    score = chance.integers(0, 6, 200) + 2 * true
    assert scores.average_precision(true, score) == pytest.approx(metrics.average_precision_score(true, score))
    assert scores.average_precision(true, np.zeros(200)) == pytest.approx(true.mean())  # who guesses
    assert np.isnan(scores.average_precision(np.zeros(3, bool), np.arange(3.0)))
    both = np.stack([true, ~true], axis=1)
    made = chance.uniform(size=(200, 2))
    expected = metrics.average_precision_score(both, made, average="macro")
    assert scores.of_labels(both, made, made > 0.5)["average_precision"]() == pytest.approx(expected)


def test_one_kind_alone_has_no_curve() -> None:
    assert np.isnan(scores.roc_auc(np.ones(3, bool), np.arange(3.0)))
