"""What a Dask worker loads that was begun by a sweep on this machine."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """A terminal sends Ctrl-C to all processes. It is for the sweep, which then ends its workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
