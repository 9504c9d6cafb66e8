"""TensorBoard: event files, one folder per variant and seed, a scalar per metric.

An event file is a sequence of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C of the data), each
an `Event` message: wall_time = 1 (double), step = 2 (int64), file_version = 3 (text) or summary = 5 with one
value = 1 of tag = 1 and simple_value = 2 (float). See tensorflow/core/lib/io/record_writer.cc and
tensorflow/core/util/event.proto. All records of one metric are built at once, column by column, with NumPy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.exports.selection import Selection
from lab.store import Table
from lab.store.files import readable

KIND, SUFFIX = "folder", "-tensorboard"


def write(selection: Selection, folder: Path) -> None:
    """Writes `folder/<variant>-seed<seed>/events.out.tfevents…`, to be shown by `tensorboard --logdir folder`."""
    taken: set[str] = set()
    for table in selection.tables():
        name = f"{readable(table.variant)}-seed{table.seed}"
        while name in taken:  # of another variant whose name differs only in signs that file names lack
            name += "_"
        taken.add(name)
        place = folder / name
        place.mkdir(exist_ok=True)
        for older in place.glob("events.out.tfevents.*"):
            older.unlink()  # TensorBoard would show both, one drawn over the other
        # TensorBoard takes the number for a time; the same run gives the same file.
        path = place / f"events.out.tfevents.{int(selection.info.created)}.{selection.info.name}"
        path.write_bytes(_event_file(table, selection.info.created))


def _event_file(table: Table, created: float) -> bytes:
    times = created + table.seconds
    version = _field(3, b"brain.Event:2")
    first = np.frombuffer(_field_header(1, 1), np.uint8)[None]
    head = np.hstack([first, np.array([[created]]).view(np.uint8), np.frombuffer(version, np.uint8)[None]])
    parts = [_records(head).tobytes()]
    for metric, (values, present) in table.columns.items():
        for chosen, steps in _by_length(table.steps[present]):
            parts.append(_records(_scalars(metric, times[present][chosen], steps, values[present][chosen])).tobytes())
    return b"".join(parts)


def _by_length(steps: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The steps in groups that need equally many bytes, each as (positions, the bytes of the numbers [n, bytes])."""
    groups = []
    rest = np.arange(len(steps))
    for length in range(1, 10):
        short = steps[rest] < 1 << 7 * length if length < 9 else np.ones(len(rest), bool)
        chosen, rest = rest[short], rest[~short]
        if len(chosen):
            digits = steps[chosen, None] >> (7 * np.arange(length)) & 0x7F
            digits[:, :-1] |= 0x80
            groups.append((chosen, digits.astype(np.uint8)))
    return groups


def _scalars(metric: str, times: np.ndarray, steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The events of one metric, uint8 [n, bytes]."""
    tag = _field(1, metric.encode())
    value_size = len(tag) + 5
    value_header = _field_header(1, 2) + _varint(value_size)
    summary = _field_header(5, 2) + _varint(len(value_header) + value_size) + value_header + tag + _field_header(2, 5)
    rows = len(times)

    def constant(text: bytes) -> np.ndarray:
        return np.broadcast_to(np.frombuffer(text, np.uint8), (rows, len(text)))

    def numbers(array: np.ndarray, kind: str) -> np.ndarray:
        with np.errstate(over="ignore"):  # what is too large for a float32 is infinite there
            return np.ascontiguousarray(array, kind)[:, None].view(np.uint8)

    return np.hstack(
        [
            constant(_field_header(1, 1)),
            numbers(times, "<f8"),
            constant(_field_header(2, 0)),
            steps,
            constant(summary),
            numbers(values, "<f4"),
        ]
    )


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def _field_header(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _field(field: int, content: bytes) -> bytes:
    return _field_header(field, 2) + _varint(len(content)) + content


def _records(events: np.ndarray) -> np.ndarray:
    """Each event as a TFRecord: uint8 [n, bytes] to uint8 [n, bytes + 16]."""
    rows, size = events.shape
    length = np.broadcast_to(np.array([size], "<u8").view(np.uint8), (rows, 8))
    return np.hstack([length, _masked_crc(length[:1]).repeat(rows, axis=0), events, _masked_crc(events)])


def _crc_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(0x82F63B78), table >> 1)
    return table


def _masked_crc(lines: np.ndarray) -> np.ndarray:
    """CRC-32C (Castagnoli) of each line uint8 [n, bytes], rotated and shifted as TFRecords want it, uint8 [n, 4]."""
    table = _crc_table()
    crc = np.full(len(lines), 0xFFFFFFFF, np.uint32)
    for column in lines.T:
        crc = table[(crc ^ column) & 0xFF] ^ crc >> np.uint32(8)
    crc = ~crc
    masked = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(0xA282EAD8)
    return masked.astype("<u4")[:, None].view(np.uint8)
