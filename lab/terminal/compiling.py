"""The line that stands where kernels are compiled: what happens, how far it is, how long it still takes."""

from __future__ import annotations

from rich.text import Text

from lab.terminal import blocks
from lab.terminal.numbers import count, duration
from lab.terminal.run_state import RunState
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad

_BAR = 12
_ONCE = ", once per machine:"


def compiling(run_state: RunState, width: int, style: Style) -> Text:
    """Draw it on so many columns; there is a bar where the kernel's name leaves a place for it."""
    told = f" {count(run_state.kernels_left, 'kernel')} left"
    if run_state.compiled_in is not None:
        told += f", {duration(run_state.compiled_in)}"
    told = clip(_ONCE + told, max(1, width), style)
    name = clip(f"compiling {style.words(run_state.kernel or '')}", max(1, width - len(told)), style)
    text = line(name, BOLD).append(told, DIM)
    if text.cell_len + 2 + _BAR <= width:
        done = run_state.kernels - run_state.kernels_left
        text.append(f"  {pad(blocks.bar(done / max(1, run_state.kernels), _BAR, style), _BAR)}")
    return text
