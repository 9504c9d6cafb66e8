"""What a file is, by its first bytes rather than its name, and what is in it once it is unpacked.

Nothing is unpacked further than memory allows, whatever the file claims of itself.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO

from lab.data.limits import MEMORY, size
from lab.errors import BadInput
from lab.validation import shown

MOST_UNPACKED = MEMORY // 8
"""So many bytes are unpacked at most: the cells of a text take several times as much."""

PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_TABLES = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_OTHERS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "one NumPy array without targets (`numpy.savez(path, inputs=…, targets=…)` writes what `npz:` reads)",
    b"SQLite format 3": "an SQLite database (`sqlite3 FILE -header -csv 'select * from TABLE'` writes it as CSV)",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or as CSV",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard; unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it, or pack it with gzip",
    b"Rar!": "packed with RAR; unpack it, or pack it with gzip",
    b"RDX": "an R workspace; save the table with write.csv",
    b"X\n\x00": "an R object (.rds); save the table with write.csv",
    b"$FL2": "an SPSS file; save it as CSV",
    b"<stata_dta>": "a Stata file; save it as CSV",
    b"FEA1": "an old Feather file; save it as Parquet or as CSV",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; fetch that with `git lfs pull`",
}
_EXPECTED = {".parquet": "Parquet", ".arrow": "Arrow", ".feather": "Arrow", ".xlsx": "Excel"}


class Unpacked:
    """What is in a file.

    kind:    Parquet, Arrow, Excel, or text
    content: its bytes, unpacked
    name:    of the file, or of the one member of an archive
    notices: sentences about what was found out
    """

    def __init__(self, path: Path) -> None:
        """Raises BadInput if it is no table at all, or too large; OSError if it cannot be read."""
        self.name, self.notices = path.name, [""][:0]
        with path.open("rb") as file:
            self.content = self._read(file)
        self.kind = self._kind()
        expected = _EXPECTED.get(Path(self.name).suffix.lower())
        if (expected or "text") != self.kind and (expected or self.kind != "text"):
            self.notices.append(f"{shown(self.name)} is {_article(self.kind)}, whatever its name says.")

    def _read(self, file: IO[bytes]) -> bytes:
        first = file.read(8)
        file.seek(0)
        packing = next((name for magic, name in PACKED.items() if first.startswith(magic)), None)
        try:
            if packing == "gzip":
                return self._unpacked(gzip.GzipFile(fileobj=file), packing)
            if packing == "bzip2":
                return self._unpacked(bz2.BZ2File(file), packing)
            if packing == "xz":
                return self._unpacked(lzma.LZMAFile(file), packing)
            if first.startswith(b"PK\x03\x04"):
                return self._from_zip(file)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
            raise BadInput(f"{shown(self.name)} is damaged, or packed in a way that cannot be read: {error}.") from None
        except (gzip.BadGzipFile, ValueError) as error:
            raise BadInput(f"{shown(self.name)} is damaged: {error}.") from None
        return file.read()

    def _unpacked(self, stream: IO[bytes] | gzip.GzipFile, packing: str) -> bytes:
        content = self._limited(stream)
        stem = Path(self.name)
        if stem.suffix.lower() in (".gz", ".bz2", ".xz"):
            self.name = stem.stem
        else:
            self.notices.append(f"{shown(self.name)} is packed with {packing}, which its name does not say.")
        return content

    def _limited(self, stream: IO[bytes] | gzip.GzipFile) -> bytes:
        content = stream.read(MOST_UNPACKED + 1)
        if len(content) > MOST_UNPACKED:
            raise BadInput(f"{shown(self.name)} holds more than {size(MOST_UNPACKED)} when it is unpacked.")
        return content

    def _from_zip(self, file: IO[bytes]) -> bytes:
        with zipfile.ZipFile(file) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
            if "xl/workbook.xml" in names:
                unpacked = sum(each.file_size for each in archive.infolist())
                if unpacked > MOST_UNPACKED:
                    raise BadInput(f"{shown(self.name)} holds {size(unpacked)} when it is unpacked.")
                file.seek(0)
                return file.read()
            if names and all(name.endswith(".npy") for name in names):
                raise BadInput(f"{shown(self.name)} holds NumPy arrays: read it with `npz:`.")
            if "mimetype" in names:
                raise BadInput(f"{shown(self.name)} is an OpenDocument file: save it as .xlsx or as CSV.")
            names = [name for name in names if not name.startswith("__MACOSX/") and not name.endswith(".DS_Store")]
            if len(names) != 1:
                told = ", ".join(shown(name) for name in names[:8]) or "nothing"
                raise BadInput(f"{shown(self.name)} holds {told}, not one file: unpack the one that is meant.")
            with archive.open(names[0]) as member:
                content = self._limited(member)
        if Path(self.name).suffix.lower() != ".zip":
            self.notices.append(f"{shown(self.name)} is packed with zip, which its name does not say.")
        self.name = Path(names[0]).name
        return content

    def _kind(self) -> str:
        content = self.content
        for magic, kind in _TABLES.items():
            if content.startswith(magic):
                return kind
        if content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if "xl/workbook.xml" in archive.namelist():
                    return "Excel"
        for magic, what in _OTHERS.items():
            if content.startswith(magic):
                raise BadInput(f"{shown(self.name)} is {what}, not a table.")
        if len(content) > 2 and content[0] == 0x80 and content[1] in range(2, 6) and content.endswith(b"."):
            raise BadInput(
                f"{shown(self.name)} is a pickle of Python objects, never loaded, since it could run anything: "
                "save the table as CSV or Parquet."
            )
        beginning = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if beginning.startswith((b"<!doctype html", b"<html")):
            raise BadInput(f"{shown(self.name)} is a page of the web, not a table: download the file itself.")
        return "text"


def _article(kind: str) -> str:
    return {"text": "a text", "Parquet": "a Parquet file", "Arrow": "an Arrow file", "Excel": "an Excel file"}[kind]
