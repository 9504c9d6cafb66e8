"""Directions of attributes in the codes of an autoencoder: the experiment behind `latent-arithmetic`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from lab.data import Data, TargetKind
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, constant, scope
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.nets.training_step import training_step
from lab.tasks.generative.attribute_directions_shown import AttributeDirectionsShown
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.generative.variational import Variational

WAYS = ("", "_in_pixels", "_at_random")
"""What metrics end with: along the directions of codes, of images, and along random ones."""


class AttributeDirections(Variational):
    """One replica; see `lab.tasks.task.Experiment`.

    names: the attributes
    signs: [held, attributes] 1 where an example lacks the attribute, which is then added, and -1 where it has it
    image_directions: [attributes, features] the difference of the mean images with and without
    """

    targets: ClassVar[TargetKind] = "labels"

    def _step(self) -> list[Any]:
        program = super()._step()
        train, options = self.split.train, self.options
        self.names = train.classes
        counts = train.targets.sum(axis=0)
        if missing := [n for n, count in zip(self.names, counts, strict=True) if not 0 < count < train.count]:
            raise InvalidValue(("data",), f"all training examples have {missing[0]}, or none has: it has no direction.")
        self.signs = 1 - 2 * self.held.targets
        self.image_directions = self.weights_of_means(train).T @ train.numbers.reshape(train.count, -1)
        self._classifiers = Storage("parameters")
        try:
            self.classifier = Network(
                options.classifier, self.scenario.init, len(self.names), self.seed, self.adjustable, "classifier",
                blocks=self.scenario.blocks, parameters=self._classifiers,
            )  # fmt: skip
            x, y = self._data.batch(self.scenario.train.batch)
            output = self.classifier.apply(x, training=True)[0]
        except InvalidValue as error:
            raise self._placed(error, "classifier") from None
        self.networks["classifier"] = self.classifier
        self.require_outputs("classifier", output, len(self.names), f"there are {len(self.names)} attributes")
        with scope("classifier.loss"):
            loss = f.binary_cross_entropy(output.reshape(x.shape[0], -1), y)
        own, place = options.classifier_optimizer, ("options", "classifier_optimizer")
        chosen = own_optimizer(self.scenario, own, place, "and another network is trained in the same steps")
        made = training_step(loss, self._classifiers, chosen, self.adjustable, owner="classifier")
        self.require_no_looking_ahead(made.program)
        return [*program, *made.program, *self.classifier.updates]

    @staticmethod
    def weights_of_means(examples: Data) -> np.ndarray:
        """[examples, attributes]: a sum over examples with these weights is the mean of those that have an attribute
        less the mean of those that have not."""
        has = examples.targets.astype(np.float64)
        return np.asarray(has / has.sum(axis=0) - (1 - has) / (1 - has).sum(axis=0))

    def directions(self) -> Tensor:
        """The direction of each attribute in the codes, [attributes, latent]."""
        sample = self._data.evaluation_sample
        codes = self.coded(constant(sample.numbers, "sample"), training=False).mean
        return constant(self.weights_of_means(sample).T, "means") @ codes

    def said(self, images: Tensor) -> Tensor:
        """The classifier's logits of images [..., features]: [..., attributes]."""
        output = self.classifier.apply(images.reshape(-1, *self.held.inputs.shape[1:]), training=False)[0]
        return output.reshape(*images.shape[:-1], len(self.names))

    def clipped(self, images: Tensor) -> Tensor:
        """Images that lie within the range of the data's numbers."""
        low, high = (f.broadcast(constant(each), images.shape) for each in self.value_range)
        return f.minimum(f.maximum(images, low), high)

    def moved(self, codes: Tensor, directions: Tensor) -> Tensor:
        """Codes [n, latent] with each of the directions [attributes, latent] added, or taken off: [attributes, n,
        latent]."""
        shape = (len(self.names), *codes.shape)
        signs = constant(self.signs.T[..., None], "signs")
        strength = self.adjustable.number("options.strength", self.options, "strength")
        each = f.broadcast(directions.reshape(len(self.names), 1, -1) * strength, shape)
        return f.broadcast(codes, shape) + f.broadcast(signs, shape) * each

    def _measuring(self) -> list[Any]:
        program, own = super()._measuring(), dict[str, Tensor]()
        with scope("measure attributes"):
            held = constant(self.held.numbers, "held")
            codes, directions = self.coded(held, training=False).mean, self.directions()
            own["said of examples"] = self.said(held.reshape(self.held.count, -1))
            own["said of their codes"] = self.said(self.clipped(self.images(codes)))
            own["said"] = self.said(self.clipped(self.images(self.moved(codes, directions))))
            own["said_in_pixels"] = self.said(constant(self.moved_images(1.0), "moved images"))
            lots = generator(self.seed, "directions").standard_normal((len(self.names), self.options.latent))
            lots /= np.linalg.norm(lots, axis=1, keepdims=True)
            lengths = f.square_root(f.sum_squares(directions, "rows")).reshape(-1, 1)
            random = f.broadcast(lengths, lots.shape) * constant(lots, "lots")
            own["said_at_random"] = self.said(self.clipped(self.images(self.moved(codes, random))))
        whole = [name for name in self.scenario.watch if name.split("_")[0] in ("changed", "kept", "recognised")]
        each_one = [f"{name}.{attribute}" for name in whole for attribute in self.names]
        others = [name for name in self.scenario.watch if name in (*self.metrics, "classifier_accuracy", "recognised")]
        self.metrics = tuple(name for name in (*others, *whole, *each_one))
        return [*program, *self.kept(own)]

    def moved_images(self, much: float) -> np.ndarray:
        """Examples held back with so much of each image direction added, or taken off: [attributes, held, features]."""
        images = self.held.numbers.reshape(self.held.count, -1)
        moved = images + much * self.signs.T[..., None] * self.image_directions[:, None]
        return np.clip(moved, *self.value_range).astype(np.float32)

    # Running

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        found, count = super().told(kept), len(self.names)
        has = self.held.targets > 0

        def rightly(name: str) -> float:
            return float(((kept[name].reshape(-1, count) > 0) == has).mean())

        found |= {"classifier_accuracy": rightly("said of examples"), "recognised": rightly("said of their codes")}
        own = np.eye(count, dtype=bool)
        for way in WAYS:
            same = (kept[f"said{way}"].reshape(count, -1, count) > 0) == has
            stayed = same.mean(axis=1)  # of each attribute, while each is changed
            for number, name in enumerate(self.names):
                found[f"changed{way}.{name}"] = 1 - float(stayed[number, number])
                found[f"kept{way}.{name}"] = float(stayed[number][~own[number]].mean())
            found[f"changed{way}"] = 1 - float(np.diag(stayed).mean())
            found[f"kept{way}"] = float(stayed[~own].mean())
        for number, name in enumerate(self.names):
            found[f"recognised.{name}"] = float(
                ((kept["said of their codes"].reshape(-1, count) > 0) == has)[:, number].mean()
            )
        return found

    def measure_all(self) -> dict[str, float]:
        """All metrics, whether they are watched or not."""
        self.run_beside("measure")
        members = self.measured.members
        return self.told({name: self.read(each).astype(np.float64) for name, each in members.items()})

    def _pictures(self) -> AttributeDirectionsShown:
        return AttributeDirectionsShown(self)
