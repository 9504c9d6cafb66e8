"""Batches: which examples a step trains on, and copying them together."""

from __future__ import annotations

from kernels.bytes import byte_at
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


@kernel(
    "words[W] levels[C,256] rows[B] -> images[B,D]",
    operations=lambda: 0,
    elements=lambda B, D: B + B * D + B * D // 4,
    typical={"W": 65536, "C": 1, "B": 64, "D": 784},
    indices={"rows": "4*W//D"},
)
def gather_images(words, levels, rows, images, thread, threads):
    """images[r] = the image rows[r] of those whose bytes stand in `words`, each byte as what `levels` says.

    An image has D bytes, whose channels take turns; byte b of channel c becomes levels[c, b].
    """
    C = levels.shape[0]
    D = images.shape[1]
    for r in range(thread, images.shape[0], threads):
        first = int(rows[r]) * D
        for c in range(C):
            for i in range(c, D, C):
                images[r, i] = levels[c, byte_at(words, first + i)]


@gather_images.cuda
def _gather_images_cuda(words, levels, rows, images, thread, threads):
    # Neighbouring threads read neighbouring bytes.
    C = levels.shape[0]
    D = images.shape[1]
    for each in range(thread, images.size, threads):
        r = each // D
        i = each - r * D
        images[r, i] = levels[i % C, byte_at(words, int(rows[r]) * D + i)]
