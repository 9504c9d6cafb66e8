"""Pooling undone: images grow, without weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.pooling import bed_of_nails, max_unpool
from lab.graph.functions.resampling import resize
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import Sizes, check_images


class Unpool(Layer, name="unpool"):
    """Each number becomes a window of an image that is larger by so much. Where its number stands in it is what the
    modes differ in.

    `max` undoes the last `max_pool` before it that no other `unpool` has undone, like a closing bracket: a number goes
    back to the pixel where the largest of its window stood, all else is 0. Between the two, layers must leave height,
    width and number of channels as they were. `nearest` fills the window with the number, `bed_of_nails` puts it at the
    upper left and leaves the rest 0.

    Formula: max: y[place[i, j, c], c] = x[i, j, c]; nearest: y[h, w, c] = x[⌊h / size⌋, ⌊w / size⌋, c]; bed of nails:
    y[i size, j size, c] = x[i, j, c].

    Paper: Zeiler, Taylor and Fergus, "Adaptive deconvolutional networks for mid and high level feature learning", 2011.

    Example: `{unpool: 2, mode: nearest}`
    """

    kernel_size: Sizes = Field(description="Size of the window in pixels, or [height, width]; that of the pooling.")
    mode: Literal["max", "nearest", "bed_of_nails"] = Field(
        default="max", description="Where the largest number stood; everywhere in the window; at its upper left."
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        if self.mode == "nearest":
            return resize(x, x.shape[1] * self.kernel_size[0], x.shape[2] * self.kernel_size[1])
        if self.mode == "bed_of_nails":
            return bed_of_nails(x, self.kernel_size)
        if not builder.pooled:
            raise InvalidValue(
                (),
                f"{builder.layer_name} undoes a max_pool, but there is none before it that is not undone already; "
                "`mode: nearest` needs none.",
            )
        size, places = builder.pooled.pop()
        if size != self.kernel_size:
            told, wanted = ("×".join(map(str, each)) for each in (self.kernel_size, size))
            raise InvalidValue((), f"{builder.layer_name} has windows of {told}, the max_pool that it undoes {wanted}.")
        return max_unpool(x, places)
