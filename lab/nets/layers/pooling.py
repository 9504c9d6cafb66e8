"""Layers that make images smaller, without weights."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.pooling import average_pool, global_average_pool, global_max_pool, max_pool_and_places
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import Paddings, Pair, Sizes, check_images
from lab.nets.padding import largest_over_time, mean_over_time


class _Pool(Layer):
    kernel_size: Sizes = Field(description="Size of the window in pixels, or [height, width].")
    stride: Sizes | None = Field(default=None, description="Pixels from window to window; by default kernel_size.")
    padding: Paddings = Field(default=(0, 0), description="Pixels that a window may reach beyond each side.")

    def window(self, x: Shape) -> Pair:
        """How many pixels along the longer side of a window one output sees, and how far windows are apart."""
        return max(self.kernel_size), max(self.stride or self.kernel_size)


class MaxPool(_Pool, name="max_pool"):
    """The largest number of each window, channel by channel. Windows lie side by side unless a stride is given.

    Formula: y[i, j, c] = max over the window of x[i stride + a - padding, j stride + b - padding, c].

    Example: `{max_pool: 2}`
    """

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        y, places = max_pool_and_places(x, self.kernel_size, self.stride, self.padding)
        builder.pooled.append((self.kernel_size, places))
        return y


class AveragePool(_Pool, name="average_pool"):
    """The mean of each window, channel by channel. Windows lie side by side unless a stride is given; padding counts
    as zeros.

    Formula: y[i, j, c] = mean over the window of x[i stride + a - padding, j stride + b - padding, c].

    Paper: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.

    Example: `{average_pool: 2}`
    """

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        return average_pool(x, self.kernel_size, self.stride, self.padding)


class GlobalAveragePool(Layer, name="global_average_pool"):
    """The mean of each channel over the whole image, or of each feature over a whole sequence: one number for each
    (Lin, Chen and Yan 2013). What stands behind the end of a text does not count.

    Formula: y[c] = mean over i and j of x[i, j, c].

    Paper: Lin, Chen and Yan, "Network in network", 2013.
    """

    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if len(x.shape) == 3:
            return mean_over_time(x, builder.mask(x))
        check_images(x, builder.layer_name)
        return global_average_pool(x)

    def window(self, x: Shape) -> Pair | None:
        """Each output sees the whole image."""
        return None


class GlobalMaxPool(Layer, name="global_max_pool"):
    """The largest number of each channel over the whole image, or of each feature over a whole sequence: one number for
    each. What stands behind the end of a text does not count.

    Formula: y[c] = max over i and j of x[i, j, c].
    """

    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if len(x.shape) == 3:
            return largest_over_time(x, builder.mask(x))
        check_images(x, builder.layer_name)
        return global_max_pool(x)

    def window(self, x: Shape) -> Pair | None:
        """Each output sees the whole image."""
        return None
