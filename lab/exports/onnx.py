"""ONNX cannot be written yet."""

from __future__ import annotations

from typing import IO

from lab.errors import BadInput
from lab.exports.selection import Selection

KIND, SUFFIX = "binary", ".onnx"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Raises BadInput, with what to do instead."""
    raise BadInput("This version of the lab cannot write ONNX: `--format safetensors` writes the same weights.")
