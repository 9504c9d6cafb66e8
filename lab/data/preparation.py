"""Centring, standardising, scaling, whitening: fitted on the training examples, applied to all parts.

All of it is computed in float64 and rounded to float32 at the end. Numbers from a file are not rounded before either:
of time stamps such as 1.7e9, float32 keeps only every 128th second, whatever is subtracted from them afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lab.data.data import Data, Split
from lab.data.fitted import Fitted
from lab.data.gaps import filled, fillers
from lab.data.images.levels import prepared_levels
from lab.data.images.pixels import Pixels
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.data.options import Options, Prepared, WithValues
from lab.data.recipe import Recipe
from lab.data.tables.encoding import Missing
from lab.data.tables.words import with_vocabularies
from lab.data.target_scale import ABOVE, TargetScale, Transform
from lab.errors import InvalidValue

NEGLIGIBLE = 1e-13
"""A spread this small beside the numbers themselves is the rounding of float64, not information."""


def prepared(options: Options, parts: Split) -> Split:
    """All parts in float32, with their inputs (and, if asked for, their targets) prepared as the options say.

    Raises InvalidValue if a number becomes too large for float32.
    """
    parts = with_vocabularies(parts)
    original, scale = parts.train, None
    if isinstance(options, WithValues):
        scale = _target_scale(options, parts)
        parts = parts if scale is None else _with_scaled_targets(parts, scale)
    missing: Missing = getattr(options, "missing", "error")
    values = fillers(parts.train, "median" if missing == "median" else "mean") if parts.train.table else None
    fitted: list[Fitted] = []
    recipe = Recipe.of(original, missing, values, fitted, scale)
    parts = replace(filled(parts, values), recipe=recipe)
    pixels = parts.train.inputs
    if isinstance(pixels, Pixels) and isinstance(options, Prepared) and not options.whiten:
        levels = prepared_levels(options, pixels)
        fitted.append(Fitted("levels", levels))
        return _with_levels(levels, parts)
    steps = _steps(options, parts.train.rounding)
    if not steps:
        return parts.changed(_rounded)
    train = _features(parts.train)
    apart = _left_as_they_are(parts.train, options)
    for fit in steps:
        for operation in fit(train):
            operation = _sparing(operation, apart)
            fitted.append(operation)
            train = operation(train)
    whitened = isinstance(options, Prepared) and options.whiten

    def ready(data: Data) -> Data:
        inputs = train
        if data is not parts.train:
            inputs = _features(data)
            for apply in fitted:
                inputs = apply(inputs)
        return _with_inputs(data, inputs, whitened)

    return parts.changed(ready)


def _steps(options: Options, rounding: float) -> list[Callable[[np.ndarray], list[Fitted]]]:
    """What is to be fitted, one after the other; each gives the operations that are to be applied."""
    if not isinstance(options, Prepared):
        return []
    wanted: list[tuple[bool, Callable[[np.ndarray], list[Fitted]]]] = [
        (
            options.binarise is not None,
            lambda inputs: [Fitted("greater_equal", np.array(options.binarise, np.float64))],
        ),
        (options.centre or options.standardise, _centred),
        (options.standardise or options.scale is True, _scaled),
        (options.scale == "range", _stretched),
        (options.whiten, lambda inputs: _whitened(inputs, rounding)),
        (options.multiply != 1, lambda inputs: [Fitted("multiply", np.array(options.multiply, np.float64))]),
    ]
    return [fit for asked, fit in wanted if asked]


def _left_as_they_are(train: Data, options: Options) -> list[int]:
    """Features that are no measurements, but places in a table of learned numbers, tokens, or words, most of
    which are 0. Raises InvalidValue where what is asked for cannot leave them as they are."""
    places: list[int] = []
    first = 0
    for each in train.table.columns if train.table is not None else ():
        following = first + len(each.features)
        places += range(first, following) if each.embedding or each.is_text else ()
        first = following
    if places and isinstance(options, Prepared):
        for name in ("whiten", "binarise", "multiply"):
            if getattr(options, name) != type(options).model_fields[name].default:
                problem = f"changes all inputs, but {train.features[places[0]]} is to stay as it is."
                raise InvalidValue((name,), problem)
    return places


def _sparing(operation: Fitted, places: list[int]) -> Fitted:
    """The same operation, which does nothing to some features."""
    if not places:
        return operation
    numbers = operation.numbers.copy()
    numbers[places] = {"subtract": 0.0, "divide": 1.0}[operation.operation]
    return Fitted(operation.operation, numbers)


def _rounded(data: Data) -> Data:
    return replace(data, exact=False) if data.exact else data


def _features(data: Data) -> np.ndarray:
    """The inputs in float64, [n, features]; each number of an image is a feature of its own."""
    what = f"{data.count:,} examples of {data.inputs.size // data.count:,} numbers"
    refuse_if_too_large((), what, data.inputs.size * BYTES_PER_NUMBER)
    return np.asarray(data.inputs).reshape(data.count, -1).astype(np.float64)


def _with_levels(levels: np.ndarray, parts: Split) -> Split:
    """Images that stay bytes: only what their levels stand for is changed."""
    _refuse_too_large_numbers(levels)

    def ready(data: Data) -> Data:
        assert isinstance(data.inputs, Pixels)
        return replace(data, inputs=data.inputs.with_levels(levels))

    return parts.changed(ready)


def _refuse_too_large_numbers(inputs: np.ndarray) -> None:
    if np.abs(inputs).max(initial=0) > np.finfo(np.float32).max:
        raise InvalidValue(("multiply",), "the inputs become too large for float32 numbers.")


def _with_inputs(data: Data, inputs: np.ndarray, whitened: bool) -> Data:
    _refuse_too_large_numbers(inputs)
    if not whitened:
        return replace(data, inputs=inputs.reshape(data.inputs.shape), exact=False)
    # Axes are no pixels, nor columns of the table.
    names = tuple(f"axis {axis + 1}" for axis in range(inputs.shape[1]))
    return replace(data, inputs=inputs, features=names, exact=False)


def _deviation(inputs: np.ndarray) -> np.ndarray:
    """The standard deviation of each feature; 1 for those that do not vary, which are then left as they are."""
    deviation = inputs.std(axis=0)
    return np.where(deviation > NEGLIGIBLE * np.abs(inputs).max(axis=0), deviation, 1.0)


def _centred(inputs: np.ndarray) -> list[Fitted]:
    return [Fitted("subtract", inputs.mean(axis=0))]


def _scaled(inputs: np.ndarray) -> list[Fitted]:
    return [Fitted("divide", _deviation(inputs))]


def _stretched(inputs: np.ndarray) -> list[Fitted]:
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    return [Fitted("subtract", low), Fitted("divide", np.where(high > low, high - low, 1.0))]


def _whitened(inputs: np.ndarray, precision: float) -> list[Fitted]:
    """PCA whitening: the projections on the principal axes, each divided by its standard deviation.

    Axes without variance (constant or dependent features, or fewer examples than features) give 0 throughout.
    precision: of the numbers that `inputs` were made from, relative; a spread below it is none
    """
    count, features = inputs.shape
    what = f"whitening {features:,} features, with a matrix of {features:,} × {features:,},"
    refuse_if_too_large(("whiten",), what, 4 * features * features * 8)
    mean = inputs.mean(axis=0)
    # Singular values of the data rather than eigenvalues of their covariance: tables with a condition number of 1e12,
    # such as breast-cancer, keep their smallest axes exact.
    singular, axes = np.linalg.svd(np.linalg.qr(inputs - mean, mode="r"))[1:]
    deviations = np.zeros(features)
    deviations[: len(singular)] = singular / np.sqrt(count)
    # An axis has no direction of its own; its largest component decides, so that all machines agree.
    largest = axes[np.arange(features), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    rounding = np.sqrt(axes**2 @ np.abs(inputs).max(axis=0) ** 2) * precision
    present = deviations > 4 * rounding + 1e-13 * deviations[0]
    factors = np.where(present, 1 / np.where(present, deviations, 1.0), 0.0)
    return [Fitted("subtract", mean), Fitted("project", axes.T * factors)]


def _target_scale(options: WithValues, parts: Split) -> TargetScale | None:
    """What is learned in place of the targets; None: these themselves. Raises InvalidValue where it does not exist."""
    asked = [name for name in ("transform_targets", "standardise_targets") if getattr(options, name)]
    if not asked:
        return None
    if parts.train.kind != "values":
        raise InvalidValue((asked[0],), f"the targets are {parts.train.kind}, not values.")
    scale = TargetScale(options.transform_targets)
    if options.transform_targets is not None:
        for part in (parts.train, parts.validation):
            _refuse_without_logarithm(part, options.transform_targets)
    if not options.standardise_targets:
        return scale
    reference = scale.transformed(parts.train.targets)
    return replace(scale, mean=reference.mean(axis=0), deviation=_deviation(reference))


def _refuse_without_logarithm(data: Data | None, transform: Transform) -> None:
    """Raises InvalidValue for data with a target, or the truth behind it, that is too small."""
    for values in () if data is None else (data.targets, data.truth):
        if values is not None and (least := float(np.min(values))) <= ABOVE[transform]:
            also = "; `log1p` takes those from 0 on" if transform == "log" and least == 0 else ""
            raise InvalidValue(
                ("transform_targets",),
                f"{transform} needs targets above {ABOVE[transform]:g}, but the least is {least:.6g}{also}.",
            )


def _with_scaled_targets(parts: Split, scale: TargetScale) -> Split:
    def scaled(data: Data) -> Data:
        truth = None if data.truth is None else scale.learned(data.truth)
        return replace(data, targets=scale.learned(data.targets), truth=truth)

    return parts.changed(scaled)
