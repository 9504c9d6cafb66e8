"""The pictures of a network in training: decision regions of a plane, the fitted curve of a line, the map of units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.pictures import Curves, Histograms, Picture, Regions, Units
from lab.tasks.prediction import Predictor

if TYPE_CHECKING:
    from lab.tasks.training import Training

COLUMNS, ROWS = 60, 40
MARGIN = 0.1
CURVE_POINTS = 120
BINS = 40
MOST_POINTS = 400


class TrainingPictures:
    """Makes the pictures of one replica; the programs behind them are built on first use."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._grid: np.ndarray | None = None
        self._predict: Predictor | None = None
        self._look: Predictor | None = None
        self._layers = [part.name for part in training.probe_parts if part.layer.activation and len(part.y.shape) == 2]

    def all(self) -> list[Picture]:
        """What there is to see now: the data's picture if it has one, then the units and their activations."""
        data = self._training.probe_data
        features, kind = data.inputs.shape[1], data.kind
        pictures: list[Picture] = []
        if features == 2 and kind == "classes":
            pictures.append(self._regions())
        elif features == 1 and kind == "values":
            pictures.append(self._curve())
        if self._layers:
            outputs = self._outputs()
            pictures += [_units(outputs), _activations(outputs)]
        return pictures

    def _regions(self) -> Regions:
        data = self._training.probe_data
        low, high = data.inputs.min(axis=0), data.inputs.max(axis=0)
        pad = MARGIN * np.maximum(high - low, 1e-6)
        (left, bottom), (right, top) = low - pad, high + pad
        if self._grid is None:
            x, y = np.meshgrid(np.linspace(left, right, COLUMNS), np.linspace(top, bottom, ROWS))
            self._grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        scores = self._answers(self._grid).astype(np.float64)
        scores = np.where(np.isfinite(scores), scores, 0.0)
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return Regions(
            "Decision regions",
            scores.argmax(axis=1).reshape(ROWS, COLUMNS).astype(np.int32),
            share.max(axis=1).reshape(ROWS, COLUMNS).astype(np.float32),
            (float(left), float(right), float(bottom), float(top)),
            data.inputs[:MOST_POINTS],
            np.asarray(data.targets[:MOST_POINTS], np.int32),
        )

    def _curve(self) -> Curves:
        data = self._training.probe_data
        x = data.inputs[:, 0]
        if self._grid is None:
            self._grid = np.linspace(x.min(), x.max(), CURVE_POINTS, dtype=np.float32)[:, None]
        order = np.argsort(x)
        lines = {"fitted": self._answers(self._grid)[:, 0]}
        lines["examples"] = np.interp(self._grid[:, 0], x[order], data.targets[order, 0]).astype(np.float32)
        if data.truth is not None:
            lines["without noise"] = np.interp(self._grid[:, 0], x[order], data.truth[order, 0]).astype(np.float32)
        return Curves("Fitted curve", self._grid[:, 0], lines, x_label="input", y_label="output")

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        training = self._training
        if self._predict is None:
            self._predict = Predictor(training.network, len(inputs), inputs.shape[1])
        return self._predict(inputs, training.weights(), training.settings())["output"]

    def _outputs(self) -> dict[str, np.ndarray]:
        """Each activation layer's outputs [examples, units] on the probe set."""
        training = self._training
        inputs = training.probe_data.inputs
        if self._look is None:
            chosen = set(self._layers)
            self._look = Predictor(
                training.network, len(inputs), inputs.shape[1],
                lambda output, parts: {part.name: part.y for part in parts if part.name in chosen},
            )  # fmt: skip
        return self._look(inputs, training.weights(), training.settings())


def _units(outputs: dict[str, np.ndarray]) -> Units:
    return Units(
        "Units",
        {name: np.abs(values).mean(axis=0).astype(np.float32) for name, values in outputs.items()},
        {name: np.all(values == 0, axis=0) for name, values in outputs.items()},
    )


def _activations(outputs: dict[str, np.ndarray]) -> Histograms:
    finite = {name: values[np.isfinite(values)] for name, values in outputs.items()}
    everything = np.concatenate([each.ravel() for each in finite.values()])
    low, high = (float(everything.min()), float(everything.max())) if everything.size else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    counts = {name: np.histogram(values, edges)[0].astype(np.float32) for name, values in finite.items()}
    return Histograms("Activations", edges.astype(np.float32), counts, x_label="activation")
