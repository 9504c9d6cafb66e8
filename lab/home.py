"""Where the lab keeps what it has run, and the data that were fetched for it."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """The folder of the run store: `$LAB_HOME` if it is set, else the user's data folder. It need not exist yet."""
    chosen = os.environ.get("LAB_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("backprop-lab", appauthor=False))
