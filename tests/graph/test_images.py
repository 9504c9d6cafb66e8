"""Operations on images that are themselves what is looked for: values against NumPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lab.graph import functions as f
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Tensor
from tests.graph.checking import check
from tests.kernels.jitter_cases import shifted
from tests.kernels.regularisation_cases import STREAM

IMAGES = np.random.default_rng(2).standard_normal((2, 4, 5, 3))


def blurred(images):
    """By SciPy, and divided by what the same makes of an image of ones, so that what is outside does not count."""
    window = np.outer([1, 2, 1], [1, 2, 1])[None, :, :, None] / 16
    one, other = (ndimage.correlate(each, window, mode="constant") for each in (images, np.ones_like(images)))
    return one / other


def variation(images):
    return sum(np.abs(np.diff(images, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2))


CHECKS = {
    "blur": lambda: check(f.blur, IMAGES, equals=blurred(IMAGES)),
    "gram_matrix": lambda: check(
        f.gram_matrix, IMAGES, equals=np.einsum("nijc,nijd->ncd", IMAGES, IMAGES) / 20
    ),
    "jitter": lambda: check(
        lambda x: f.jitter(x, 2, STREAM), IMAGES, equals=shifted(IMAGES, most=2, step=1)
    ),
    "total_variation": lambda: check(f.total_variation, IMAGES, equals=variation(IMAGES)),
}  # fmt: skip
CHECKED = set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_operation(name):
    CHECKS[name]()


def test_blur_leaves_an_even_image_as_it_is():
    check(f.blur, np.ones((1, 3, 4, 2)), equals=np.ones((1, 3, 4, 2)))
    check(f.blur, np.ones((1, 1, 2, 2)), equals=np.ones((1, 1, 2, 2)))


def test_only_images_have_such_things():
    for operation in (f.blur, f.gram_matrix, f.total_variation):
        with pytest.raises(ShapeError, match=r"images are \[batch, height, width, channels\], not \[2, 3\]"):
            operation(Tensor((2, 3)))
