"""Windows of a text that is read by several readers at once, each of which goes on where it was in the step before."""

from __future__ import annotations

from kernels.language import kernel, zero


@kernel(
    "text[N] -> symbols[B,T] following[B,T]",
    operations=lambda: 0,
    elements=lambda B, T: 4 * B * T,
    typical={"N": 4096, "B": 16, "T": 32},
)
def read_windows(text, symbols, following, thread, threads, step):
    """symbols[b] = the next T symbols of reader b, following[b] = the ones behind each of them.

    Reader b begins at b·stretch, where stretch = (N - 1) / B, and comes back there after stretch / T steps, both
    rounded down. `step` counts from 1. N must be above B·T.
    """
    B, T = symbols.shape
    stretch = (text.size - 1) // B
    first = ((step - 1) % (stretch // T)) * T
    for i in range(thread, B * T, threads):
        b = i // T
        t = i - b * T
        place = b * stretch + first + t
        symbols[b, t] = text[place]
        following[b, t] = text[place + 1]


@kernel("kept[n] -> state[n] period", operations=lambda: 0, typical={"period": 100})
def carried_state(kept, state, period, thread, threads, step):
    """state = what was kept; 0 in the first step, and in every one in which readers are back at their beginning."""
    begins = (step - 1) % period == 0
    for i in range(thread, state.size, threads):
        value = kept[i]
        state[i] = zero if begins else value
