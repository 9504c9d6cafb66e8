"""What a terminal shows: reporters that read the event stream, curves and pictures as text.

`reporter` chooses one of three: JSON lines, plain lines, or the live dashboard.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO

from lab.terminal.capabilities import Capabilities, detect

if TYPE_CHECKING:
    from lab.events import Event
    from lab.scenario.measured import Values
    from lab.terminal.palettes import PaletteName

ReporterKind = Literal["json", "plain", "live"]


class Reporter(Protocol):
    """A reader of the event stream."""

    @property
    def broken(self) -> bool:
        """Whether whoever reads the output has gone (`lab run … | head`): there is nobody to run for any more."""

    def handle(self, event: Event) -> None:
        """Take in one event; returns at once."""

    def close(self) -> None:
        """Finish the output and leave the terminal as it was. Call it once, also after an error."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask of a reporter.

    fps:        how often the dashboard is redrawn at most (0.1 to 10)
    palette:    "default" or "safe", colours that colour-blind people can tell apart
    log_scale:  draw losses and norms on a logarithmic axis (None: where it reads better)
    replayed:   the events are from the past: there is no speed and no time left to show
    """

    fps: float = 4.0
    palette: PaletteName = "default"
    log_scale: bool | None = None
    replayed: bool = False


def choose(*, json: bool = False, plain: bool = False, capabilities: Capabilities) -> ReporterKind:
    """Which reporter fits: JSON if asked for, plain lines if asked for or if nothing can be drawn over, else live."""
    if json:
        return "json"
    return "live" if capabilities.live and not plain else "plain"


def reporter(
    kind: ReporterKind | None = None,
    loaded: Any = None,
    *,
    stream: TextIO | None = None,
    capabilities: Capabilities | None = None,
    options: Options | None = None,
    found: Callable[[], Values] | None = None,
) -> Reporter:
    """A reporter that writes to `stream` (default: stdout).

    kind:   "json", "plain" or "live"; None: what `choose` says about the stream
    loaded: the loaded scenario, for its question and its idea; None where it is not at hand, as in an old replay
    found:  what the run has measured, once it has ended, of the numbers that the scenario states
    """
    stream = sys.stdout if stream is None else stream
    capabilities = detect(stream) if capabilities is None else capabilities
    options = Options() if options is None else options
    kind = choose(capabilities=capabilities) if kind is None else kind
    if kind == "json":
        from lab.terminal.jsonlines import JsonLines

        return JsonLines(stream)

    from lab.terminal.question import question_of

    if kind == "plain":
        from lab.terminal.output import Output
        from lab.terminal.plain import Plain

        # What is printed for a person goes where errors go, so that what was found can be kept and compared.
        aside = Output(sys.stderr, detect(sys.stderr).unicode) if stream is sys.stdout else None
        question = question_of(loaded, found)
        return Plain(Output(stream, capabilities.unicode), question, aside=aside, paced=not options.replayed)

    from lab.terminal.dashboard import Dashboard

    return Dashboard(stream, capabilities, options, loaded, found=found)
