"""A trained network with all that it takes to use it: weights, layers, and how examples are prepared."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.files import blamed_on, found
from lab.data.images.folders import ENDINGS, read_alone
from lab.data.images.pixels import Pixels
from lab.data.recipe import Recipe
from lab.data.recipe_json import recipe_from_json
from lab.data.sets.npz_arrays import inputs_alone
from lab.data.tables.delimited import Wishes
from lab.data.tables.encoding import ReadColumn, embedded, symbols_of
from lab.data.tables.frames import table_of
from lab.data.tables.raw import RawTable
from lab.data.tables.reading import MEMORY_PER_BYTE, read
from lab.data.tables.tidying import as_in_training
from lab.errors import BadInput, InvalidValue
from lab.evaluation.finding import Finder
from lab.evaluation.heeded import heeded_words
from lab.evaluation.masks import MaskPredictions
from lab.evaluation.objects import ObjectPredictions
from lab.evaluation.predictions import Predictions
from lab.home import with_home
from lab.metrics.detection import Detections
from lab.metrics.scores import OF_PROBABILITIES, meaning
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.column_inputs import column_inputs
from lab.nets.network import Network
from lab.scenario.model import Block
from lab.tasks.task import PREDICTING
from lab.tasks.training.losses import USUAL_LOSS
from lab.tasks.training.predictor import Predictor

AT_ONCE, NUMBERS_AT_ONCE = 1024, 1 << 22
"""So many examples go through the network together, fewer where that would be more than so many numbers."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network that can predict.

    name:     what it is called in messages: the run, variant and seed
    about:    what an experiment keeps beside its weights; see `lab.tasks.Experiment.kept_to_predict`
    weights:  all that the network consists of, by name
    """

    name: str
    about: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    recipe: Recipe = field(init=False)

    def __post_init__(self) -> None:
        try:
            recipe = recipe_from_json(dict(self.about["recipe"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{self.name}: what was kept to predict with cannot be read ({error}).") from None
        object.__setattr__(self, "recipe", recipe)

    @classmethod
    def of_metadata(
        cls, name: str, metadata: Mapping[str, str] | None, weights: Mapping[str, np.ndarray]
    ) -> TrainedModel:
        """From the metadata of a file of weights. Raises BadInput if they say nothing of how to predict."""
        about = about_of(name, metadata)
        if about is None:
            raise BadInput(
                f"{name} has weights, but not what predicting needs beside them: it was kept by an older lab, or its "
                "task predicts nothing. Run it again."
            )
        if "symbols" in about:
            raise BadInput(
                f"{name} is a language model: it goes on with a text, and answers nothing about rows of a table. "
                "`lab sample RUN --primer TEXT` lets it write."
            )
        return cls(name, about, weights)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes or labels; empty where values are predicted."""
        return self.recipe.classes

    @property
    def loss(self) -> str:
        """The loss it was trained with, which says what its outputs mean."""
        return str(self.about.get("loss") or USUAL_LOSS[self.recipe.kind])

    def new_network(self) -> Network:
        """Its layers, with nothing in them."""
        network = layers_of(self.about, None if self.finder is None else self.finder.outputs)
        if self.finder is not None:
            self.finder.propose_in(network)
        return network

    @functools.cached_property
    def finder(self) -> Finder | None:
        """How its numbers are read, of a network that finds objects."""
        return Finder.of(self.name, self.about, self.recipe) if self.recipe.kind == "objects" else None

    @functools.cached_property
    def _forward(self) -> dict[int, Predictor]:
        return {}

    def outputs(self, inputs: np.ndarray | Pixels) -> np.ndarray:
        """What the network gives for prepared inputs [n, …]: float32 [n, outputs]."""
        found = [part.reshape(len(part), -1) for part in self._outputs(inputs)]
        return np.concatenate(found) if found else np.empty((0, self.recipe.outputs), np.float32)

    def _outputs(self, inputs: np.ndarray | Pixels) -> Iterator[np.ndarray]:
        """The same for some examples after the others."""
        for chosen in self._parts(inputs):
            part = np.asarray(inputs[chosen])
            yield self._output(part).reshape(len(part), -1)

    def _parts(self, inputs: np.ndarray | Pixels) -> Iterator[slice]:
        """Examples that go through the network together."""
        at_once = max(1, min(AT_ONCE, NUMBERS_AT_ONCE // max(math.prod(inputs.shape[1:]), 1)))
        for first in range(0, len(inputs), at_once):
            yield slice(first, first + at_once)

    def _output(self, part: np.ndarray, regions: np.ndarray | None = None) -> np.ndarray:
        """What the network gives for these examples, as it gives it."""
        if len(part) not in self._forward:
            network = self.new_network()
            count = 0 if regions is None else regions.shape[1]
            self._forward[len(part)] = Predictor(network, part.shape, regions=count)
            refuse_other_weights(self.name, network, self.weights)
        try:
            settings = dict(self.about.get("settings", {}))
            made = self._forward[len(part)](part, dict(self.weights), settings, regions=regions)
        except InvalidValue as error:
            raise BadInput(f"{self.name}: {error.message}") from None
        output = np.asarray(made["output"])
        if not np.isfinite(output).all():
            raise BadInput(
                f"{self.name} answers with numbers that are {'NaN' if np.isnan(output).any() else 'infinite'}: it "
                "diverged when it was trained, or what it is asked is far from all that it was trained on."
            )
        return output

    def _objects(self, inputs: np.ndarray | Pixels, seen: np.ndarray | Pixels) -> ObjectPredictions:
        """The objects in each image."""
        assert self.finder is not None
        height, width, _ = self.recipe.shape
        found = [Detections.of([])]
        for chosen in self._parts(inputs):
            some = np.arange(len(seen))[chosen]
            encoded = self.finder.encode(seen.chosen(some) if isinstance(seen, Pixels) else seen[some])
            outputs = self._output(np.asarray(inputs[chosen]), self.finder.regions(encoded))
            said = self.finder.read(outputs, encoded)
            found.append(replace(said, images=said.images + chosen.start))
        parts = ("images", "classes", "scores", "boxes")  # masks would need much memory, and nobody asks for them
        together = Detections(*(np.concatenate([getattr(each, part) for each in found]) for part in parts))
        return ObjectPredictions.of(self.classes, together, len(inputs), (height, width))

    def answers(self, inputs: np.ndarray | Pixels, seen: np.ndarray | Pixels | None = None) -> Predictions:
        """Predictions for prepared inputs.

        seen: of images that a detector looks at itself, before the network: as they were before they were prepared
        """
        if self.finder is not None:
            return self._objects(inputs, inputs if seen is None else seen)
        if self.recipe.pixels:
            return self._masks(inputs)
        outputs = self.outputs(inputs)
        if outputs.shape[1] != self.recipe.outputs:
            raise BadInput(
                f"{self.name} names a class for several parts of each example, and was kept by an older lab, which "
                "did not know how to judge that: run it again."
            )
        if self.recipe.kind == "values":
            return Predictions("values", self._value_names, self.recipe.values(outputs))
        assert self.recipe.kind != "objects"
        numbers, threshold = meaning(outputs, self.loss), float(self.about.get("threshold", 0.5))
        return Predictions(self.recipe.kind, self.classes, numbers, self.loss in OF_PROBABILITIES, threshold)

    def _masks(self, inputs: np.ndarray | Pixels) -> MaskPredictions:
        """The class of each pixel; of scores of pixels only the largest is kept, as all would need much memory."""
        height, width, _ = self.recipe.shape
        classes = self.recipe.outputs
        masks = np.empty((len(inputs), height, width), np.uint8 if classes <= 256 else np.int64)
        first = 0
        for outputs in self._outputs(inputs):
            masks[first : first + len(outputs)] = outputs.reshape(-1, height, width, classes).argmax(axis=-1)
            first += len(outputs)
        return MaskPredictions.of(self.classes, masks)

    @property
    def _value_names(self) -> tuple[str, ...]:
        target = self.recipe.table.target if self.recipe.table else ()
        count = self.recipe.outputs
        return (
            target if len(target) == count else ("value",) if count == 1 else tuple(f"value {n}" for n in range(count))
        )

    # From what people have

    def predict(self, examples: Any) -> Predictions:
        """Predictions for a data frame (pandas, polars, or columns by name), or for an array [n, …] of numbers in the
        units and the order of the training data. Raises BadInput."""
        if isinstance(examples, Mapping) or hasattr(examples, "columns"):
            written = self.recipe.table.written if self.recipe.table else {}
            return self.of_table(as_in_training(table_of(examples, "the frame"), written), "the frame")
        return self.answers(self.recipe.of_array(examples))

    def of_table(self, table: RawTable, name: str, words: int = 0) -> Predictions:
        """Predictions for the rows of a table. words: so many words of each text are told that matter most to it"""
        ready = self.recipe.of_table(table, name)
        made = replace(self.answers(ready.inputs), of_later=self.recipe.sequences is not None)
        if ready.series is not None and self.recipe.table is not None:
            made = replace(made, series_name=self.recipe.table.series or "", series=ready.series)
        made = made.placed(ready.rows, ready.places, table.place, table.rows, ready.notices)
        return replace(made, words=tuple(heeded_words(self, table, made, words))) if words else made

    def of_file(self, path: str, folder: Path | None = None, words: int = 0) -> Predictions:
        """Predictions for a table in any format, for the inputs of an NPZ file, or for images: one, or all in a folder.
        words: see `of_table`. Raises BadInput."""
        if words and (self.recipe.table is None or not any(each.tokens for each in self.recipe.table.columns)):
            raise BadInput(f"{self.name} reads no text as tokens: there are no words that could be left out.")
        place = (folder or Path()) / with_home(path)
        if len(self.recipe.shape) == 3 and (place.is_dir() or place.suffix.lower() in ENDINGS):
            return self._of_images(place, path)
        if self.recipe.table is None or Path(path).suffix.lower() == ".npz":
            return self.answers(self.recipe.of_array(npz_inputs(path, folder)))
        return self.of_table(self.table_in(path, folder), Path(path).name, words)

    def _of_images(self, place: Path, path: str) -> Predictions:
        if not place.exists():
            raise BadInput(f"{path} is not there.")
        images, names, sizes = read_alone(place, self.recipe.shape)
        made = self.answers(self.recipe.of_array(images), Pixels(images))
        if isinstance(made, MaskPredictions):
            made = replace(made, sizes=tuple(sizes))
        if isinstance(made, ObjectPredictions):
            files = tuple(place if place.is_file() else place / name for name in names)
            made = replace(made, sizes=tuple(sizes), files=files)
        every = np.arange(len(names))
        return made.placed(every, np.array(names, dtype=object), "image", len(names), ())

    def table_in(self, path: str, folder: Path | None = None) -> RawTable:
        """The table in a file, written as that of the training was. Raises BadInput."""
        table = self.recipe.table
        written = table.written | {"known": [each.name for each in table.columns]} if table else {}
        file = _found(path, folder)
        try:
            with blamed_on("table", path):
                return read(file, Wishes(**written))
        except InvalidValue as error:
            raise error.without_place() from None


def about_of(name: str, metadata: Mapping[str, str] | None) -> dict[str, Any] | None:
    """What an experiment kept beside its weights; None if it kept nothing. Raises BadInput if it is damaged.

    name: what the network is called in messages
    """
    text = (metadata or {}).get(PREDICTING)
    if text is None:
        return None
    try:
        about = json.loads(text)
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise BadInput(f"{name}: what was kept to predict with is damaged.")
    return about


def layers_of(about: Mapping[str, Any], outputs: int | None = None) -> Network:
    """The layers of a network that was kept, with nothing in them.

    outputs: what the word `outputs` stands for in them, if it is not the number of classes or values
    """
    blocks = {name: Block(**each) for name, each in about.get("blocks", {}).items()}
    recipe = about.get("recipe")
    if outputs is None:
        outputs = len(about["symbols"]) if recipe is None else int(recipe["outputs"])
    columns = [ReadColumn.from_json(each) for each in (recipe or {}).get("columns") or ()]
    before = column_inputs(embedded(columns), symbols_of(columns))
    return Network(about["model"], None, outputs, 0, AdjustableNumbers(), blocks=blocks, before=before)


def refuse_other_weights(name: str, network: Network, weights: Mapping[str, np.ndarray]) -> None:
    """Raise BadInput if weights are missing, or have other shapes than the network's."""
    for own, tensor in network.kept.items():
        found = None if own not in weights else tuple(weights[own].shape)
        if found != tuple(tensor.shape):
            what = "is not there" if found is None else f"has shape {list(found)}"
            raise BadInput(f"{name} is damaged: {own} {what}, its network needs {list(tensor.shape)}.")


def npz_inputs(path: str, folder: Path | None = None) -> np.ndarray:
    """The inputs in an NPZ file. Raises BadInput."""
    try:
        return inputs_alone(_found(path, folder), path)
    except InvalidValue as error:
        raise error.without_place() from None


def _found(path: str, folder: Path | None) -> Path:
    try:
        return found("table", path, folder or Path(), MEMORY_PER_BYTE)
    except InvalidValue as error:
        raise error.without_place() from None
