"""Splitting and preparing: fitted on the training examples only, applied to both parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lab
import lab.data
from lab.data import Data, Split
from lab.data.options import PointsInClasses
from lab.data.splitting import split
from lab.errors import InvalidValue


def load(name: str, seed: int = 0, **options: object) -> Split:
    return lab.data.load({"name": name, "validation": 0.25, **options}, seed)


def both(parts: Split) -> tuple[np.ndarray, np.ndarray]:
    assert parts.validation is not None
    return parts.train.inputs.astype(np.float64), parts.validation.inputs.astype(np.float64)


TABLES = ("wine", "breast-cancer", "diabetes", "iris")


@pytest.mark.parametrize("name", TABLES)
def test_standardised_training_inputs_have_mean_0_and_deviation_1(name: str) -> None:
    train, validation = both(load(name, standardise=True))
    assert np.allclose(train.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(train.std(axis=0), 1, atol=1e-6)
    raw_train, raw_validation = both(load(name))
    assert np.allclose(validation, (raw_validation - raw_train.mean(axis=0)) / raw_train.std(axis=0), atol=1e-5)
    assert not np.allclose(validation.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("name", TABLES)
def test_whitened_training_inputs_have_covariance_1(name: str) -> None:
    raw, _ = both(load(name))
    train, validation = both(load(name, whiten=True))
    assert np.allclose(train.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(np.cov(train.T, bias=True), np.eye(train.shape[1]), atol=1e-4)
    assert np.linalg.cond(np.cov(train.T)) < 1.001 < np.linalg.cond(np.cov(raw.T))
    assert np.isfinite(validation).all()


def test_whitening_leaves_axes_without_variance_at_zero() -> None:
    parts = load("digits", whiten=True)
    train, validation = both(parts)
    constant = (both(load("digits"))[0].std(axis=0) == 0).sum()
    covariance = np.cov(train.T, bias=True)
    assert constant >= 3
    assert np.allclose(covariance, np.diag(np.arange(64) < 64 - constant), atol=1e-4)
    assert (validation[:, 64 - constant :] == 0).all()
    assert parts.train.image_shape is None


def test_whitening_with_fewer_examples_than_features() -> None:
    train, _ = both(load("digits", examples=20, whiten=True))
    assert np.allclose(np.cov(train.T, bias=True), np.diag(np.arange(64) < 19), atol=1e-4)


def test_the_first_whitened_axis_is_the_longest() -> None:
    raw, _ = both(load("wine", centre=True))
    whitened, _ = both(load("wine", whiten=True))
    first = np.linalg.eigh(np.cov(raw.T))[1][:, -1]
    assert abs(np.corrcoef(raw @ first, whitened[:, 0])[0, 1]) > 0.99999


def test_centre_scale_range_and_multiply() -> None:
    raw, raw_validation = both(load("wine"))
    mean, deviation = raw.mean(axis=0), raw.std(axis=0)
    assert np.allclose(both(load("wine", centre=True))[0], raw - mean, atol=1e-4)
    assert np.allclose(both(load("wine", scale=True))[1], raw_validation / deviation, rtol=1e-6)
    stretched, _ = both(load("wine", scale="range"))
    assert np.allclose(stretched.min(axis=0), 0)
    assert np.allclose(stretched.max(axis=0), 1)
    assert np.allclose(both(load("wine", multiply=1000))[1], raw_validation * 1000, rtol=1e-6)
    together, _ = both(load("wine", standardise=True, multiply=1000))
    assert np.allclose(together, (raw - mean) / deviation * 1000, atol=1e-2)


def test_binarised_inputs_are_1_from_the_threshold_on_before_anything_else() -> None:
    raw, raw_validation = both(load("digits"))
    train, validation = both(load("digits", binarise=0.5))
    assert np.array_equal(train, raw >= 0.5)
    assert np.array_equal(validation, raw_validation >= 0.5)
    assert (raw == 0.5).any()
    scaled, _ = both(load("digits", binarise=0.5, multiply=3, centre=True))
    assert np.allclose(scaled, 3 * (train - train.mean(axis=0)), atol=1e-6)
    images = load("fashion-mnist", binarise=0.5).train
    raw_images = load("fashion-mnist").train
    assert np.array_equal(images.rows(np.arange(50)).numbers, raw_images.rows(np.arange(50)).numbers >= 0.5)
    columns, _ = both(load("wine", binarise=2))
    assert np.array_equal(columns, both(load("wine"))[0] >= 2)


def test_multiplying_by_a_power_of_two_is_exact() -> None:
    assert np.array_equal(both(load("spiral", multiply=1024))[0], both(load("spiral"))[0] * 1024)


def test_constant_features_do_not_become_nan() -> None:
    for options in ({"standardise": True}, {"scale": True}, {"scale": "range"}, {"whiten": True}):
        for part in both(load("digits", **options)):
            assert np.isfinite(part).all()


def test_standardised_targets() -> None:
    parts = load("diabetes", standardise_targets=True)
    assert parts.train.targets.mean() == pytest.approx(0, abs=1e-5)
    assert parts.train.targets.std() == pytest.approx(1, abs=1e-5)
    line = load("linear", noise=0, standardise_targets=True).train
    assert line.truth is not None
    assert np.allclose(line.targets, line.truth, atol=1e-6)


def test_numbers_that_become_too_large() -> None:
    with pytest.raises(InvalidValue, match="too large for float32") as caught:
        load("gaussian", scales=1e12, multiply=1e30)
    assert caught.value.path == ("multiply",)


def test_training_examples_can_be_few_while_validation_stays() -> None:
    whole, few = load("digits"), load("digits", examples=100)
    assert few.train.count == 100
    assert set(np.bincount(few.train.targets)) <= {9, 10, 11}
    assert np.array_equal(both(whole)[1], both(few)[1])


def test_copies() -> None:
    once, thrice = load("moons", points=40), load("moons", points=40, copies=3)
    assert np.array_equal(thrice.train.inputs, np.tile(once.train.inputs, (3, 1)))
    assert np.array_equal(thrice.train.targets, np.tile(once.train.targets, 3))
    assert np.array_equal(both(thrice)[1], both(once)[1])


def test_label_noise_changes_the_share_asked_for_in_training_only() -> None:
    clean, noisy = load("digits"), load("digits", label_noise=0.3)
    assert (clean.train.targets != noisy.train.targets).mean() == pytest.approx(0.3, abs=1e-3)
    assert np.array_equal(clean.train.inputs, noisy.train.inputs)
    assert clean.validation is not None
    assert noisy.validation is not None
    assert np.array_equal(clean.validation.targets, noisy.validation.targets)


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"validation": 0.0001}, ("validation",)),
        ({"validation": 0.9999}, ("validation",)),
        ({"examples": 200}, ("examples",)),
        ({"copies": 1_000_000, "examples": 100}, ("copies",)),
    ],
)
def test_parts_that_cannot_be(options: dict[str, object], path: tuple[str]) -> None:
    with pytest.raises(InvalidValue) as caught:
        lab.data.load({"name": "wine", "validation": 0.25, **options}, 0)
    assert caught.value.path == path


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    targets=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**63 - 1),
)
def test_splits_are_stratified_and_lose_nothing(targets: list[int], share: float, seed: int) -> None:
    numbers = np.arange(len(targets))[:, None]
    data = Data(inputs=numbers, targets=np.array(targets), kind="classes", classes=tuple("abcde"))
    options = PointsInClasses(validation=share)
    try:
        parts = split(options, data, seed)
    except InvalidValue as error:
        assert error.path == ("validation",)  # noqa: PT017 - either outcome is right
        return
    train, validation = both(parts)
    assert sorted([*train[:, 0], *validation[:, 0]]) == list(range(len(targets)))
    assert (np.diff(train[:, 0]) > 0).all()  # still in the order of the data
    whole = np.bincount(targets, minlength=5)
    kept = np.bincount(parts.train.targets, minlength=5)
    assert ((kept > 0) == (whole > 0)).all()
    assert (np.abs(kept - whole * (1 - share)) <= 2).all()


NOON = 1.7e9
"""A time stamp: seconds since 1970, of which float32 keeps every 128th."""


def time_stamps(folder: Path, **options: object) -> Split:
    """A table of 40 examples: time stamps 1.7e9 ± 20 s, whose second is the class, and a column of other numbers."""
    seconds = np.arange(-20, 20)
    rows = "".join(f"{NOON + second:.1f},{second % 3},{'late' if second >= 0 else 'early'}\n" for second in seconds)
    (folder / "log.csv").write_text("time,other,answer\n" + rows)
    return lab.data.load({"csv": "log.csv", "target": "answer", **options}, 0, folder)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"centre": True}, lambda time: time - time.mean()),
        ({"standardise": True}, lambda time: (time - time.mean()) / time.std()),
        ({"scale": "range"}, lambda time: (time - time.min()) / (time.max() - time.min())),
    ],
)
def test_time_stamps_keep_their_spread(tmp_path: Path, options: dict[str, object], expected: Any) -> None:
    parts = time_stamps(tmp_path, validation=0.25, **options)
    assert parts.validation is not None
    assert parts.train.inputs.dtype == parts.validation.inputs.dtype == np.float32
    raw = time_stamps(tmp_path, validation=0.25, centre=True).train
    seconds = np.round(raw.inputs[:, 0].astype(np.float64) * 30) / 30  # the mean of 30 of them is a multiple of 1/30
    assert np.allclose(parts.train.inputs[:, 0], expected(seconds), atol=1e-5)
    assert len(np.unique(parts.train.inputs[:, 0])) == parts.train.count


def test_time_stamps_are_whitened(tmp_path: Path) -> None:
    inputs = time_stamps(tmp_path, whiten=True).train.inputs.astype(np.float64)
    assert np.allclose(np.cov(inputs.T, bias=True), np.eye(2), atol=1e-5)


def test_exact_targets_are_standardised(tmp_path: Path) -> None:
    rows = "".join(f"{number},{NOON + number / 2:.1f}\n" for number in range(30))
    (tmp_path / "log.csv").write_text("number,time\n" + rows)
    options = {"csv": "log.csv", "target": "time", "kind": "values", "standardise_targets": True}
    targets = lab.data.load(options, 0, tmp_path).train.targets
    steps = np.arange(30) - 14.5
    assert np.allclose(targets[:, 0], steps / steps.std(), atol=1e-5)


def test_arrays_of_64_bits_are_exact_until_they_are_prepared(tmp_path: Path) -> None:
    seconds = np.arange(20)
    for number, inputs in enumerate((NOON + seconds[:, None], 1_700_000_000 + seconds[:, None].astype(np.int64))):
        np.savez(tmp_path / f"{number}.npz", inputs=inputs, targets=seconds % 2)
        found = lab.data.load({"npz": f"{number}.npz", "centre": True}, 0, tmp_path).train
        assert (found.inputs.dtype, found.exact) == (np.float32, False)
        assert np.array_equal(found.inputs[:, 0], (seconds - 9.5).astype(np.float32))


def test_a_classifier_tells_time_stamps_apart(tmp_path: Path) -> None:
    time_stamps(tmp_path)
    (tmp_path / "log.yaml").write_text(
        "title: Time\nchapter: data\nidea: Early and late.\ntask: classify\n"
        "data: {csv: log.csv, target: answer, features: [time], standardise: true}\n"
        "model: [{dense: classes}]\noptimizer: {name: sgd, rate: 1.0}\n"
        "train: {batch: all, steps: 200, measure: 100}\nwatch: [accuracy]\nvariants: {one: {}}\n"
    )
    _, accuracy = lab.run(tmp_path / "log.yaml").curve("one", "accuracy")
    assert accuracy[-1] == 1.0
