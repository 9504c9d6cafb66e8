"""Every data set: shapes, types, balance, and the same numbers for the same seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import lab.data
from lab.data import Data
from lab.data.registry import named_sets
from lab.errors import InvalidValue

MADE_UP = (
    "attributes", "blobs", "circles", "curve", "gaussian", "linear", "moons", "shape-attributes", "shapes", "spiral",
    "words", "xor",
)  # fmt: skip
FROM_SCIKIT_LEARN = ("breast-cancer", "diabetes", "digits", "iris", "wine")
BUNDLED = (*FROM_SCIKIT_LEARN, "fashion-mnist")
IMAGES = {
    "attributes": (8, 8, 1), "digits": (8, 8, 1), "fashion-mnist": (28, 28, 1), "shape-attributes": (16, 16, 3),
    "shapes": (32, 32, 3),
}  # fmt: skip
EVERY = (*MADE_UP, *BUNDLED)
ELSEWHERE = (
    "adding", "cifar-10", "cifar-100", "countdown", "mnist", "modular-arithmetic", "plays", "reviews", "rewrites",
    "series", "shape-captions", "shape-masks", "shape-objects", "shape-questions", "stick-figures", "textures",
    "transcripts",
)  # fmt: skip
"""Other files test these: test_image_sets.py, test_fetching.py, test_objects.py, test_texts.py, test_tokens.py,
test_sequences.py, and in tests/tasks test_modular_arithmetic.py, test_sequences.py, test_pictures_and_words.py,
test_translate.py and test_segment.py."""


def data(name: str, run_seed: int = 0, **options: object) -> Data:
    return lab.data.load({"name": name, **options}, run_seed).train


def test_every_set_is_tested() -> None:
    assert set(named_sets()) == {*EVERY, *ELSEWHERE}


@pytest.mark.parametrize("name", EVERY)
def test_shapes_and_types(name: str) -> None:
    parts = lab.data.load({"name": name, "validation": 0.25}, seed=3)
    assert parts.validation is not None
    whole = data(name, 3)
    assert parts.train.count + parts.validation.count == whole.count
    for part in (parts.train, parts.validation, whole):
        assert part.inputs.dtype == np.float32
        assert part.inputs.ndim == (4 if name in IMAGES else 2)
        assert np.isfinite(part.numbers).all()
        assert len(part.targets) == len(part.inputs) == part.count
        assert part.features == () or len(part.features) == part.inputs.shape[1]
        assert part.image_shape == IMAGES.get(name)
        assert part.outputs == whole.outputs
        with pytest.raises((ValueError, TypeError), match=r"read-only|item assignment"):
            part.inputs[0, 0] = 0
        if part.kind == "classes":
            assert part.targets.dtype == np.int64
            assert part.targets.ndim == 1
            assert part.targets.min() >= 0
            assert part.targets.max() < part.outputs == len(part.classes)
            assert len(set(part.classes)) == len(part.classes)
        else:
            assert part.targets.dtype == np.float32
            assert part.targets.shape == (part.count, part.outputs)
        if part.truth is not None:
            assert part.truth.shape == part.targets.shape


@pytest.mark.parametrize("name", EVERY)
def test_a_seed_always_gives_the_same_numbers(name: str) -> None:
    first, second = (lab.data.load({"name": name, "validation": 0.2}, seed=5) for _ in range(2))
    assert first.validation is not None
    assert second.validation is not None
    for one, other in ((first.train, second.train), (first.validation, second.validation)):
        assert np.array_equal(one.inputs, other.inputs)
        assert np.array_equal(one.targets, other.targets)


@pytest.mark.parametrize("name", MADE_UP)
def test_other_seeds_give_other_numbers(name: str) -> None:
    first, second = data(name, 0), data(name, 1)
    assert not np.array_equal(first.inputs, second.inputs) or not np.array_equal(first.targets, second.targets)


@pytest.mark.parametrize("name", BUNDLED)
def test_real_data_depend_on_the_seed_only_in_how_they_are_split(name: str) -> None:
    assert np.array_equal(data(name, 0).inputs, data(name, 1).inputs)
    first, second = (lab.data.load({"name": name, "validation": 0.2}, seed).train.inputs for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_the_seed_of_the_data_goes_before_the_seed_of_the_run() -> None:
    assert np.array_equal(data("moons", 1, seed=7).inputs, data("moons", 2, seed=7).inputs)
    assert np.array_equal(data("moons", 1, seed=7).inputs, data("moons", 7).inputs)


def test_sets_do_not_share_their_random_numbers() -> None:
    assert not np.array_equal(data("xor", points=100, noise=1).inputs, data("blobs", points=100, spread=1).inputs)


def test_numbers_do_not_depend_on_the_process() -> None:
    script = "import lab.data; print(repr(lab.data.load({'name': 'spiral'}, 4).train.inputs.sum().item()))"
    # Python hashes texts differently in each process unless told otherwise.
    sums = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert sums == {f"{data('spiral', 4).inputs.sum().item()!r}\n"}


def test_known_numbers() -> None:
    """A release that changes these changes everybody's runs."""
    spiral = data("spiral", 0).inputs[[1, 2, 450, 899]]
    expected = [
        [-0.000767143, 0.003255311],
        [0.002347186, 0.006263621],
        [0.01791804, 0.50135213],
        [-0.4443046, 0.8958758],
    ]
    assert np.allclose(spiral, expected, atol=1e-6)
    assert data("words", 0).inputs[:4].tolist() == [[547, 558], [114, 91], [0, 2], [167, 1]]
    validation = lab.data.load({"name": "digits", "validation": 0.2}, 0).validation
    assert validation is not None
    assert validation.inputs.sum() == pytest.approx(6981, abs=1e-3)


@pytest.mark.parametrize("name", ["spiral", "circles", "blobs", "gaussian"])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classes_are_equally_large(name: str, classes: int) -> None:
    sizes = np.bincount(data(name, classes=classes, points=100).targets)
    assert sizes.sum() == 100
    assert len(sizes) == classes
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("name", ["moons", "xor"])
def test_both_classes_are_equally_large(name: str) -> None:
    assert list(np.bincount(data(name, points=100).targets)) == [50, 50]


def test_spiral_is_the_one_of_the_notes() -> None:
    spiral = data("spiral", classes=3, points=300, noise=0)
    assert spiral.classes == ("arm 0", "arm 1", "arm 2")
    for arm in range(3):
        radius, angle = np.linspace(0, 1, 100), np.linspace(arm * 4, (arm + 1) * 4, 100)
        expected = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
        assert np.allclose(spiral.inputs[spiral.targets == arm], expected, atol=1e-6)


def test_spiral_noise_turns_the_angle_only() -> None:
    clean, noisy = (data("spiral", points=30_000, noise=noise).inputs for noise in (0, 0.3))
    assert np.allclose(np.linalg.norm(clean, axis=1), np.linalg.norm(noisy, axis=1), atol=1e-6)
    turned = np.arctan2(noisy[:, 0], noisy[:, 1]) - np.arctan2(clean[:, 0], clean[:, 1])
    turned = (turned + np.pi) % (2 * np.pi) - np.pi
    assert turned[np.linalg.norm(clean, axis=1) > 0].std() == pytest.approx(0.3, rel=0.02)


def test_moons_and_circles_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import make_circles, make_moons

    moons = data("moons", points=100, noise=0)
    assert np.allclose(moons.inputs, make_moons(100, shuffle=False)[0], atol=1e-6)
    circles = data("circles", points=100, inner=0.3, noise=0)
    assert np.allclose(circles.inputs, make_circles(100, shuffle=False, factor=0.3)[0], atol=1e-6)


def test_xor_without_noise_is_the_truth_table() -> None:
    xor = data("xor", points=4, noise=0)
    assert {(*row, answer) for row, answer in zip(xor.inputs.tolist(), xor.targets.tolist(), strict=True)} == {
        (-1, -1, 0),
        (1, 1, 0),
        (-1, 1, 1),
        (1, -1, 1),
    }


@pytest.mark.parametrize("name", FROM_SCIKIT_LEARN)
def test_bundled_data_are_those_of_scikit_learn(name: str) -> None:
    import sklearn.datasets

    options = {"scaled": False} if name == "diabetes" else {}
    theirs = getattr(sklearn.datasets, f"load_{name.replace('-', '_')}")(**options)
    ours = data(name)
    inputs = ours.inputs.reshape(ours.count, -1)
    assert np.allclose(inputs * (16 if name == "digits" else 1), theirs.data, rtol=1e-6)
    assert np.allclose(ours.targets.ravel(), theirs.target)
    if name in ("iris", "breast-cancer"):
        assert list(ours.classes) == list(theirs.target_names)
    if name == "digits":
        assert ours.image_shape == (8, 8, 1)
        assert ours.inputs.min() == 0
        assert ours.inputs.max() == 1
    else:
        assert len(ours.features) == len(theirs.feature_names)


@pytest.mark.parametrize("condition", [1, 100, 1e8])
def test_gaussian_has_the_condition_number_asked_for(condition: float) -> None:
    for classes in (2, 3):
        inputs = data("gaussian", condition=condition, classes=classes, features=5).inputs.astype(np.float64)
        assert np.linalg.cond(np.cov(inputs.T)) == pytest.approx(condition, rel=1e-3)


def test_gaussian_has_the_correlation_and_the_scales_asked_for() -> None:
    inputs = data("gaussian", features=3, correlation=0.8, scales=[0.001, 1, 1000]).inputs.astype(np.float64)
    assert np.allclose(np.corrcoef(inputs.T), 0.8 + 0.2 * np.eye(3), atol=1e-5)
    assert np.allclose(inputs.std(axis=0), [0.001, 1, 1000], rtol=1e-5)
    assert np.allclose(data("gaussian", scales=5).inputs.std(axis=0), 5, rtol=1e-5)


def test_gaussian_classes_are_as_far_apart_as_asked_for() -> None:
    for classes, features in ((2, 1), (2, 10), (5, 10)):
        table = data("gaussian", classes=classes, features=features, separation=4, points=50_000)
        inputs = table.inputs.astype(np.float64)
        means = np.array([inputs[table.targets == each].mean(axis=0) for each in range(classes)])
        inside = np.atleast_2d(np.cov((inputs - means[table.targets]).T))
        for one in range(classes):
            for other in range(one):
                difference = means[one] - means[other]
                assert np.sqrt(difference @ np.linalg.solve(inside, difference)) == pytest.approx(4, rel=0.03)


def test_gaussian_noise_features_tell_nothing() -> None:
    table = data("gaussian", features=6, informative=2, points=20_000)
    difference = np.abs(table.inputs[table.targets == 0].mean(axis=0) - table.inputs[table.targets == 1].mean(axis=0))
    assert np.linalg.norm(difference[:2]) > 1
    assert difference[2:].max() < 0.03


def test_linear_outliers_lie_off_the_clean_line_on_one_side() -> None:
    table = data("linear", slope=3, intercept=-2, noise=0, outliers=0.2, outlier_size=10)
    assert table.truth is not None
    assert np.allclose(table.truth, 3 * table.inputs - 2, atol=1e-6)
    off = table.targets - table.truth
    assert (off > 1e-6).sum() == 40
    assert off[off > 1e-6].min() >= 5
    assert off.max() <= 15


def test_linear_with_several_features() -> None:
    table = data("linear", features=3, slope=[1, 0, -2], noise=0, intercept=0)
    assert np.allclose(table.targets[:, 0], table.inputs @ np.array([1, 0, -2]), atol=1e-6)
    assert table.features == ("x0", "x1", "x2")


def test_validation_can_be_clean() -> None:
    for name in ("linear", "curve"):
        parts = lab.data.load({"name": name, "noise": 1, "validation": 0.5, "clean_validation": True}, 0)
        assert parts.validation is not None
        assert parts.validation.truth is not None
        assert parts.train.truth is not None
        assert np.array_equal(parts.validation.targets, parts.validation.truth)
        assert not np.array_equal(parts.train.targets, parts.train.truth)


@pytest.mark.parametrize("shape", ["sine", "step", "sawtooth", "bump"])
def test_curves_stay_between_minus_one_and_one_and_repeat(shape: str) -> None:
    curve = data("curve", shape=shape, periods=2, noise=0, points=401)
    values = curve.targets[:, 0]
    assert np.abs(values).max() <= 1
    assert values.max() > 0.98
    assert values.min() < -0.98
    assert np.allclose(values[:199], values[200:399], atol=1e-4)


def test_curve_noise() -> None:
    curve = data("curve", noise=0.5, points=20_000)
    assert curve.truth is not None
    assert (curve.targets - curve.truth).std() == pytest.approx(0.5, rel=0.02)
    assert np.allclose(curve.truth[:, 0], np.sin(np.pi * curve.inputs[:, 0]), atol=1e-6)


def test_attributes_are_in_the_images() -> None:
    images = data("attributes", labels=6, noise=0, points=2000, size=9)
    assert images.kind == "labels"
    assert images.classes == ("horizontal", "vertical", "square", "dot", "diagonal", "bright")
    pixels = images.inputs.reshape(-1, 9, 9)
    bright = pixels.min(axis=(1, 2)) > 0
    assert np.array_equal(bright, images.targets[:, 5] == 1)
    only = np.flatnonzero((images.targets[:, :5] == [1, 0, 0, 0, 0]).all(axis=1))
    assert len(only) > 0
    assert ((pixels[only] == 1).all(axis=2).sum(axis=1) == 1).all()
    only = np.flatnonzero((images.targets[:, :5] == [0, 0, 0, 1, 0]).all(axis=1))
    assert ((pixels[only] == 1).sum(axis=(1, 2)) == 9).all()


def test_attributes_come_in_pairs_and_never_none() -> None:
    targets = data("attributes", points=20_000).targets
    assert targets.sum(axis=1).min() == 1
    assert targets.sum(axis=1).max() > 3
    correlations = np.corrcoef(targets.T)
    assert correlations[0, 1] > 0.2
    assert correlations[2, 3] > 0.15
    assert correlations[0, 2] < 0.05
    assert 0.3 < targets.mean() < 0.45


def test_words_follow_zipf() -> None:
    words = data("words", points=200_000, vocabulary=50, exponent=1, context=3)
    frequency = np.bincount(words.targets, minlength=50) / 200_000
    expected = 1 / np.arange(1, 51)
    assert np.allclose(frequency, expected / expected.sum(), atol=3e-3)
    assert words.inputs.shape == (200_000, 3)
    assert words.outputs == 50
    assert words.classes[:2] == ("ba", "be")


def test_words_depend_on_the_words_before() -> None:
    def information(surprise: float) -> float:
        words = data("words", points=100_000, vocabulary=20, surprise=surprise)
        joint = np.zeros((20, 20))
        np.add.at(joint, (words.inputs[:, -1].astype(int), words.targets), 1 / words.count)
        apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        return float((joint * np.log(np.maximum(joint, 1e-12) / apart)).sum())

    assert information(0.1) > 0.1
    assert information(0.99) < 0.01


def test_words_are_spelled_differently() -> None:
    words = data("words", vocabulary=20_000)
    assert len(set(words.classes)) == 20_000
    assert words.inputs.max() < 20_000


@pytest.mark.parametrize(
    ("specification", "path", "message"),
    [
        ({"name": "spirl"}, ("name",), "unknown data set 'spirl'; did you mean spiral?"),
        ({"name": 3}, ("name",), "unknown data set 3;"),
        ({"name": "spiral", "nois": 1}, ("nois",), "unknown key 'nois'; did you mean noise?"),
        ({"name": "spiral", "points": "many"}, ("points",), "'many' is not allowed here: it must be a whole number"),
        ({"name": "spiral", "points": 2}, ("points",), "2 is not allowed here: it must be at least 3"),
        ({"name": "spiral", "points": -5}, ("points",), "-5 is not allowed here: it must be at least 2"),
        ({"name": "spiral", "points": "1e12"}, ("points",), "1,000,000,000,000 examples of 3 numbers would need about"),
        ({"name": "spiral", "points": 10**40}, ("points",), "so many examples would need about"),
        ({"name": "gaussian", "points": 10**6, "features": 2000}, ("points",), "1,000,000 examples of 2,001 numbers"),
        (
            {"name": "spiral", "points": float("nan")},
            ("points",),
            "nan is not allowed here: it must be a finite number",
        ),
        ({"name": "spiral", "noise": float("inf")}, ("noise",), "inf is not allowed here: it must be at most 1000000"),
        ({"name": "spiral", "noise": float("nan")}, ("noise",), "nan is not allowed here"),
        ({"name": "spiral", "classes": 1}, ("classes",), "1 is not allowed here: it must be at least 2"),
        ({"name": "spiral", "validation": 1}, ("validation",), "1 is not allowed here: it must be less than 1"),
        ({"name": "spiral", "multiply": 0}, ("multiply",), "0 is not allowed here"),
        ({"name": "spiral", "multiply": float("nan")}, ("multiply",), "nan is not allowed here"),
        ({"name": "spiral", "standardise": "yes please"}, ("standardise",), "'yes please' is not allowed here"),
        ({"name": "words", "standardise": True}, ("standardise",), "unknown key 'standardise'"),
        ({"name": "words", "parts": 5, "vocabulary": 4}, ("parts",), "5 is not allowed here: it must be at most 4"),
        ({"name": "gaussian", "points": 11}, ("points",), "11 is not allowed here: so many features and classes need"),
        ({"name": "gaussian", "scales": [1, 2]}, ("scales",), "2 scales are given, but features is 10."),
        ({"name": "gaussian", "scales": [1, -2]}, ("scales", 1), "-2 is not allowed here: it must be more than 0"),
        ({"name": "gaussian", "correlation": -0.5}, ("correlation",), "-0.5 is not allowed here: 10 features cannot"),
        ({"name": "gaussian", "condition": 5, "scales": 2}, ("scales",), "scales and condition exclude each other"),
        ({"name": "linear", "slope": [1, 2]}, ("slope",), "2 slopes are given, but features is 1."),
        ({"name": "curve", "shape": "sin"}, ("shape",), "unknown name 'sin'; did you mean sine?"),
        ({"name": "iris", "csv": "x"}, ("csv",), "name and csv exclude each other"),
        ({"nme": "iris"}, ("nme",), "unknown key 'nme'; did you mean name?"),
        ({"folder": "pics"}, ("folder",), "unknown key 'folder'; a folder of images is `images` here: `images: pics`."),
        ({}, (), "it is not said which data: one of the keys name, boxes, csv, idx, images, npz, table, text"),
        ("iris", (), "'iris' is not allowed here: it must be a block"),
        ({"csv": "x.csv"}, (), "the key 'target' is missing"),
    ],
    ids=str,
)
def test_wrong_options(specification: dict[str, object], path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        lab.data.check(specification)
    assert caught.value.message.startswith(message)
    assert caught.value.path == path


def test_reference_says_something_about_everything() -> None:
    texts = lab.data.describe()
    formats = ["boxes", "csv", "idx", "images", "npz", "table", "text"]
    assert [text.name for text in texts] == [*sorted({*EVERY, *ELSEWHERE}), *formats]
    for text in texts:
        assert text.summary.endswith(".")
        for option in text.options:
            assert option.meaning, f"{text.name}.{option.name}"
            assert option.allowed
    spiral = {option.name: option for option in next(text for text in texts if text.name == "spiral").options}
    assert spiral["points"].allowed == "whole number, at least 2"
    assert spiral["points"].default == "900"
    assert spiral["validation"].allowed == "number, at least 0, below 1"
    assert spiral["noise"].meaning == "standard deviation of the angle, in radians"
    assert lab.data.schema()["oneOf"][0]["properties"]["name"] == {"const": "adding"}


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys, lab.data; lab.data.load({'name': 'digits', 'whiten': True}, 0);"
        "print([name for name in ('sklearn', 'scipy', 'numba', 'pandas') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
