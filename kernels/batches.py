"""Batches: which examples a step trains on, and copying them together."""

from __future__ import annotations

from kernels.language import kernel
from kernels.random import philox, shuffled


@kernel("-> chosen[B] N bits stream", typical={"N": 4096, "bits": 6})
def choose_batch(chosen, N, bits, stream, thread, threads, step, seed):
    """chosen = the indices of the examples of this step: every epoch visits each of the N examples once, in a new
    order.

    The stream of examples is cut into batches without regard to epochs, so a batch may end one and begin the next.
    `step` counts from 1; 4^bits >= N.
    """
    first = (step - 1) * chosen.size + thread
    epoch = first // N
    place = first - epoch * N
    key_0, key_1, _, _ = philox(seed, stream, epoch, 0)
    for r in range(thread, chosen.size, threads):
        if place >= N:
            epoch += place // N
            place %= N
            key_0, key_1, _, _ = philox(seed, stream, epoch, 0)
        chosen[r] = shuffled(place, N, bits, key_0, key_1)
        place += threads


@kernel(
    "data[N,D] chosen[B] -> rows[B,D]",
    operations=lambda: 0,
    elements=lambda B, D: B + 2 * B * D,
    typical={"N": 1024},
    indices={"chosen": "N"},
)
def gather_rows(data, chosen, rows, thread, threads):
    """rows[r] = data[chosen[r]]."""
    for r in range(thread, rows.shape[0], threads):
        source = int(chosen[r])
        for c in range(rows.shape[1]):
            rows[r, c] = data[source, c]


@gather_rows.cuda
def _gather_rows_cuda(data, chosen, rows, thread, threads):
    # Neighbouring threads read neighbouring numbers, which rows for each thread would not.
    D = rows.shape[1]
    for i in range(thread, rows.size, threads):
        r = i // D
        c = i - r * D
        rows[r, c] = data[int(chosen[r]), c]
