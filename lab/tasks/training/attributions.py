"""Which pixels of an image a network's answer comes from: gradients of a class's score with respect to the pixels, and
what becomes of the score when a part of the image is covered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kernels import elu, gelu, leaky_relu, prelu, relu, silu, softplus
from kernels.language import Kernel
from lab.errors import InvalidValue
from lab.graph import Storage, assign, scope
from lab.graph import functions as f
from lab.graph.gradients import RULES, Gradients, Rule, differentiate
from lab.graph.tensor import Call, Tensor
from lab.nets.network import Network
from lab.tasks.training.own_memory import OwnMemory

METHODS = {
    "saliency": "by how much the score of the answer changes with the pixel: the largest absolute gradient of its "
    "channels",
    "gradient_times_input": "the gradient times how far the pixel is from the mean of all images: the absolute value "
    "of the sum over channels",
    "guided_backprop": "saliency with a gradient that passes an activation backwards only where it is positive",
    "occlusion": "by how much the score of the answer falls when a grey square covers the pixel, mean over all squares "
    "that do; 0 where it rises",
    "image_alone": "no method, but what each of them must be held against: how far the pixel is from the mean of all "
    "images, over its channels, whatever the network",
}
"""By name what a map of the method shows."""

AT_ONCE = 32
"""So many images are computed at a time."""

RECTIFIERS: tuple[Kernel, ...] = (
    relu.relu, leaky_relu.leaky_relu, prelu.prelu, elu.elu, gelu.gelu, silu.silu, softplus.softplus,
)  # fmt: skip
"""Activations that guided backpropagation treats like ReLU, for which it was invented."""


def _guided(rule: Rule) -> Rule:
    """The rule of an activation, which gets of the gradient only what is positive."""

    def guided(forward: Call, dy: Tensor) -> Gradients:
        return rule(forward, f.relu(dy))

    return guided


GUIDED_RULES = {kernel.name: _guided(RULES[kernel.name]) for kernel in RECTIFIERS}
"""Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for simplicity: the all convolutional net", 2014."""


class Attributions:
    """A network that is asked for its scores and for their gradients with respect to images, in memory of its own.

    network: evaluated, as it is built for measuring
    shape:   of one image, [height, width, channels]
    mean:    [channels], the mean of all images' pixels: what covers them, and what they are compared with
    patch:   height and width of the squares that cover a part of an image; they stand half of it apart

    Raises InvalidValue for a network whose answers are no scores of classes, or with a layer without gradient.
    """

    def __init__(self, network: Network, shape: tuple[int, int, int], mean: np.ndarray, patch: int) -> None:
        self._shape, self._mean, self.patch = shape, mean, patch
        stored, kept = Storage("states"), Storage("statistics")
        self._x = stored.member("images", (AT_ONCE, *shape))
        with scope("attributions"):
            scores, _ = network.apply(self._x, training=False)
            if len(scores.shape) != 2:
                raise InvalidValue(
                    (), "only a network that gives each class one score can be asked which pixels it is from."
                )
            self._chosen = stored.member("chosen", scores.shape)
            total = f.sum(f.multiply(scores, self._chosen))
            self._gradients = {"plain": self._gradient(total, {}), "guided": self._gradient(total, GUIDED_RULES)}
        self._scores = assign(f.identity(scores), kept.member("scores", scores.shape))
        programs = {"scores": [self._scores]}
        for name, gradient in self._gradients.items():
            self._gradients[name] = assign(f.identity(gradient), kept.member(name, self._x.shape))
            programs[name] = [self._gradients[name]]
        self._memory = OwnMemory(network, programs)

    def _gradient(self, total: Tensor, rules: dict[str, Rule]) -> Tensor:
        try:
            (found,) = differentiate(total, [self._x], rules=rules)
        except TypeError as error:
            raise InvalidValue((), f"this network has no gradient with respect to its images: {error}.") from None
        if found is None:
            raise InvalidValue((), "the scores of this network do not depend on its images by any gradient.")
        return found

    def load(self, weights: dict[str, np.ndarray], settings: dict[str, float]) -> None:
        """Let the network have these weights, running numbers and settings from now on."""
        self._memory.take(weights, settings)

    def let_go(self) -> None:
        """Give the memory back until weights are loaded again."""
        self._memory.let_go()

    def scores(self, images: np.ndarray) -> np.ndarray:
        """What the network gives for images [n, height, width, channels]: float64 [n, classes]."""
        return self._run("scores", self._scores, images, None)

    def gradient(self, images: np.ndarray, classes: np.ndarray, guided: bool = False) -> np.ndarray:
        """The gradient of each image's score for its class, one of `classes` [n], with respect to the image: float64
        [n, height, width, channels]."""
        name = "guided" if guided else "plain"
        return self._run(name, self._gradients[name], images, classes)

    def maps(self, method: str, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """The map of a method, float64 [n, height, width], nowhere below 0; see `METHODS`."""
        return MAPS[method](self, images, classes)

    def fall(self, images: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By how much the score of each image's class falls under each square, [n, squares], and whether the answer is
        another one then, bool [n, squares]; the squares stand as in `squares`."""
        places = self.squares()
        before = self.scores(images)
        covered = np.repeat(images[:, None], len(places), axis=1)
        for number, (top, left) in enumerate(places):
            covered[:, number, top : top + self.patch, left : left + self.patch] = self._mean
        after = self.scores(covered.reshape(-1, *self._shape)).reshape(len(images), len(places), -1)
        rows = np.arange(len(images))
        fall = before[rows, classes][:, None] - after[rows, :, classes]
        return fall, after.argmax(axis=2) != before.argmax(axis=1)[:, None]

    def squares(self) -> list[tuple[int, int]]:
        """First row and first column of each square; together they cover every pixel."""
        height, width, _ = self._shape
        rows, columns = (
            sorted({*range(0, size - self.patch, self._apart), size - self.patch}) for size in (height, width)
        )
        return [(row, column) for row in rows for column in columns]

    @property
    def _apart(self) -> int:
        return (self.patch + 1) // 2

    def saliency(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `METHODS`, as of the three below. Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks:
        visualising image classification models and saliency maps", 2013."""
        return np.abs(self.gradient(images, classes)).max(axis=3)

    def guided_backprop(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return np.abs(self.gradient(images, classes, guided=True)).max(axis=3)

    def gradient_times_input(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return np.abs((self.gradient(images, classes) * (images - self._mean)).sum(axis=3))

    def image_alone(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return np.abs(images - self._mean).sum(axis=3)

    def occlusion(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013; there it is the
        probability that falls."""
        return self.occlusion_of(self.fall(images, classes)[0], images)

    def occlusion_of(self, falls: np.ndarray, images: np.ndarray) -> np.ndarray:
        """The map of what `fall` has found."""
        total, covering = np.zeros(images.shape[:3]), np.zeros(images.shape[1:3])
        for number, (top, left) in enumerate(self.squares()):
            here = slice(top, top + self.patch), slice(left, left + self.patch)
            total[:, *here] += falls[:, number, None, None]
            covering[here] += 1
        return np.maximum(total / covering, 0)

    def _run(self, program: str, result: Tensor, images: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
        found = np.empty((len(images), *result.shape[1:]))
        for first in range(0, len(images), AT_ONCE):
            rows = np.arange(first, first + AT_ONCE) % len(images)  # the last part is filled up with the first ones
            self._memory.put(self._x, images[rows])
            if classes is not None:
                self._memory.put(self._chosen, np.eye(self._chosen.shape[1])[classes[rows]])
            self._memory.run(program)
            count = min(AT_ONCE, len(images) - first)
            found[first : first + count] = self._memory.view(result)[:count]
        return found


MAPS: dict[str, Callable[[Attributions, np.ndarray, np.ndarray], np.ndarray]] = {
    "saliency": Attributions.saliency,
    "gradient_times_input": Attributions.gradient_times_input,
    "guided_backprop": Attributions.guided_backprop,
    "occlusion": Attributions.occlusion,
    "image_alone": Attributions.image_alone,
}
