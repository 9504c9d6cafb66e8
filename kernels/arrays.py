"""Moving numbers without changing them, and seeing them in another shape: copy, fill, flat, channels_of."""

from __future__ import annotations

from kernels.language import device, kernel


@kernel("x[n] -> y[n]", operations=lambda: 0)
def copy(x, y, thread, threads):
    """y = x."""
    for i in range(thread, x.size, threads):
        y[i] = x[i]


@kernel("value[1] -> y[n]", operations=lambda: 0)
def fill(value, y, thread, threads):
    """y = value, everywhere."""
    v = value[0]
    for i in range(thread, y.size, threads):
        y[i] = v


@device
def flat(x):
    """A view of all numbers of x as one row: a loop over them all vectorises, which loops over short rows do not."""
    return x.reshape(x.size)


@flat.on("python")
def _flat_python(x):
    return x.as_row


@device
def channels_of(x):
    """A view of an array's numbers as a matrix, in which each row has what differs in the last index alone."""
    return x.reshape((x.size // x.shape[-1], x.shape[-1]))


@channels_of.on("python")
def _channels_of_python(x):
    return x.as_channels
