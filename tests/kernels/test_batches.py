"""Images gathered from bytes: on every target and in both precisions, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.batches import gather_images
from tests.kernels.running import Run


def gathered(shape: tuple[int, ...], batch: int, target: str, dtype: str) -> None:
    """Compare with what NumPy takes; bytes of 255, which as numbers would not be numbers, are among them."""
    rng = np.random.default_rng(3)
    pool = rng.integers(0, 256, shape, np.uint8)
    pool[0, 0] = 255
    levels = rng.standard_normal((shape[3], 256))
    rows = np.append(rng.integers(0, shape[0], batch - 1), 0)
    sizes = {"W": -(-pool.size // 4), "C": shape[3], "B": batch, "D": pool[0].size}
    run = Run(gather_images, {"levels": levels, "rows": rows}, sizes, target=target, dtype=dtype)
    run["words"].view(np.uint8)[: pool.size] = pool.ravel()
    before = run["words"].tobytes()
    images = run()["images"].reshape(batch, *shape[1:])
    assert run["words"].tobytes() == before
    assert np.array_equal(images, levels.astype(dtype)[np.arange(shape[3]), pool[rows]])


@pytest.mark.parametrize(("target", "dtype"), [(t, d) for t in ("cpu", "python") for d in ("float32", "float64")])
@pytest.mark.parametrize(("shape", "batch"), [((9, 5, 5, 1), 4), ((6, 3, 4, 3), 7), ((5, 4, 8, 1), 1)])
def test_bytes_become_what_their_levels_stand_for(shape, batch, target, dtype):
    gathered(shape, batch, target, dtype)
