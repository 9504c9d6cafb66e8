"""Where the lab keeps what it has run, and the data that were fetched for it."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """The folder of the run store: `$LAB_HOME` if it is set, else the user's data folder. It need not exist yet."""
    chosen = os.environ.get("LAB_HOME")
    if chosen:
        return with_home(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("backprop-lab", appauthor=False))


def with_home(name: str | Path) -> Path:
    """A path with `~` and `~somebody` replaced by a home folder; as it is where there is none of that name."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
