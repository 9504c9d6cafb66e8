"""Turns of shared memory, counted for patterns whose answer is known, and for the tiles that are chosen with them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda import matmul_options, matmul_specialized
from kernels.targets.cuda.bank_conflicts import wavefronts

pytestmark = pytest.mark.cuda
LANE = np.arange(32)


@pytest.mark.parametrize(
    ("places", "wide", "turns"),
    [
        pytest.param(LANE, 1, 1, id="neighbours"),
        pytest.param(LANE * 0 + 7, 1, 1, id="one word for all"),
        pytest.param(LANE * 2, 1, 2, id="every other word"),
        pytest.param(LANE * 16, 1, 16, id="rows of 16"),
        pytest.param(LANE * 32, 1, 32, id="one bank"),
        pytest.param(LANE * 33, 1, 1, id="rows of 32 with one between"),
        pytest.param(LANE * 4, 4, 4, id="neighbours of four words"),
        pytest.param(LANE * 16, 4, 16, id="four words of rows of 16"),
        pytest.param(LANE * 0, 4, 4, id="four words for all"),
        pytest.param(LANE * 2, 2, 2, id="neighbours of two words"),
        pytest.param(np.where(LANE < 4, LANE * 32, -1), 1, 4, id="four threads of 32"),
        pytest.param(LANE * 0 - 1, 1, 0, id="nobody"),
        pytest.param(np.concatenate([LANE, LANE * 2]), 1, 3, id="two warps"),
    ],
)
def test_turns(places, wide, turns):
    assert wavefronts(places, wide) == turns


# The products of 2-16-16-2 with batches of 32 that are not those of a vector: rows, columns, depth, strides, options.
SMALL_NET = [
    (32, 16, 2, 2, 1, 16, 1, matmul_options.B_ALONG_COLUMNS),
    (32, 16, 16, 16, 1, 16, 1, matmul_options.A_ALONG_DEPTH | matmul_options.B_ALONG_COLUMNS),
    (32, 2, 16, 16, 1, 2, 1, matmul_options.A_ALONG_DEPTH),
    (16, 2, 32, 1, 16, 2, 1, matmul_options.A_ALONG_ROWS),
    (32, 16, 2, 2, 1, 1, 2, 0),
    (16, 16, 32, 1, 16, 16, 1, matmul_options.A_ALONG_ROWS | matmul_options.B_ALONG_COLUMNS),
    (32, 16, 16, 16, 1, 1, 16, matmul_options.A_ALONG_DEPTH | matmul_options.B_ALONG_DEPTH),
    (2, 16, 32, 1, 2, 16, 1, matmul_options.B_ALONG_COLUMNS),
]


def best(shape: tuple[int, ...]) -> matmul_specialized.Tile:
    return matmul_specialized.best_tile(matmul_specialized.MatmulShape(*shape, 64))


def test_tiles_of_a_small_net_take_two_thirds_of_the_turns_that_they_took():
    """1,412 with the tiles that take the fewest instructions."""
    assert sum(best(each).wavefronts for each in SMALL_NET) <= 950


def test_a_tile_is_chosen_for_both_what_it_executes_and_what_it_waits_for():
    """Rows of 16 numbers along which both operands are summed: threads side by side would ask the same banks."""
    shape = SMALL_NET[6]
    product = matmul_specialized.MatmulShape(*shape, 64)
    usual = matmul_specialized.Tile(product, 2, 4, 1)
    assert usual.wavefronts == 640
    found = best(shape)
    assert found.wavefronts < 320
    assert found.instructions < 1.3 * usual.instructions
