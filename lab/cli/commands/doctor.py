"""`lab doctor`: what this machine and this installation have, for a person who wonders and for reports of bugs."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer

GIBI, MEBI = 1024**3, 1024**2


def command(as_json: Annotated[bool, typer.Option("--json", help="As JSON: sizes in bytes.")] = False) -> None:
    """What this machine and this installation have: processor, libraries, BLAS, folders, terminal, extras, GPUs."""
    from lab.terminal import detect
    from lab.terminal.output import Output

    found = examine()
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    output = Output(sys.stdout, detect(sys.stdout).unicode)
    for line in _lines(found):
        output.line(line)


def examine() -> dict[str, Any]:
    """Return everything that was found out about this machine, as JSON can hold it."""
    from lab import __version__
    from lab.bench.gpus import gpus
    from lab.bench.machine import blas, extras, machine, pinned, versions
    from lab.terminal import detect

    screen = detect(sys.stdout)
    return {
        "lab": __version__,
        "machine": machine(),
        "libraries": versions(),
        "blas": blas(),
        "pinned": pinned(),
        "kernels": _cache(),
        "runs": _store(),
        "terminal": {
            "is_terminal": screen.terminal,
            "width": screen.width,
            "height": screen.height,
            "colours": screen.colours,
            "unicode": screen.unicode,
            "TERM": os.environ.get("TERM", ""),
        },
        "extras": extras(),
        "gpu": gpus(),
    }


def _cache() -> dict[str, Any]:
    """The folder of compiled kernels: its size with all versions, and how many kernels of this version it has."""
    from kernels.targets.cache import MOST_BYTES, SUFFIX, cache_folder

    folder = cache_folder()
    return {
        "folder": str(folder),
        "bytes": sum(each.stat().st_size for each in folder.parent.glob("kernels-*/**/*") if each.is_file()),
        "most_bytes": MOST_BYTES,
        "compiled": len(list(folder.glob(f"*_float*{SUFFIX}"))),
    }


def _store() -> dict[str, Any]:
    """The folder of the run store, which need not be there yet."""
    from lab.home import home_folder
    from lab.store.database import FILE_NAME, problem

    folder = home_folder()
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return {
        "folder": str(folder),
        "exists": folder.exists(),
        "writable": existing.is_dir() and os.access(existing, os.W_OK | os.X_OK),
        "bytes": sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) if folder.is_dir() else 0,
        "problem": problem(folder / FILE_NAME),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    machine, blas, kernels, runs, screen = (found[key] for key in ("machine", "blas", "kernels", "runs", "terminal"))
    memory = "unknown" if machine["memory"] is None else f"{machine['memory'] / GIBI:.1f} GiB"
    rows = [
        ("lab", f"{found['lab']}, Python {machine['python']}, {machine['system']}"),
        ("processor", f"{machine['processor']}, {machine['cores']} cores for this process, memory {memory}"),
        ("libraries", ", ".join(f"{name} {version}" for name, version in found["libraries"].items())),
    ]
    if blas is not None:
        kind = f"{blas['library']} {blas['version']}, kernels for {blas['kernels']}"
        rows.append(("BLAS", f"{kind}, {blas['threads']} thread per replica"))
    pinned = found["pinned"]
    rows += [
        (
            "",
            "OPENBLAS_CORETYPE is not set: BLAS chooses its kernels by itself"
            if pinned is None
            else f"OPENBLAS_CORETYPE is set to {pinned}: BLAS uses the kernels of that processor, and may be slower; "
            "unset it to let it choose",
        ),
        (
            "kernels",
            f"{kernels['compiled']} compiled, {kernels['bytes'] / MEBI:.1f} of at most "
            f"{kernels['most_bytes'] / MEBI:,.0f} MiB, in {kernels['folder']}",
        ),
        ("runs", f"{runs['bytes'] / MEBI:.1f} MiB in {runs['folder']}, {_state(runs)}"),
        ("terminal", _screen(screen)),
    ]
    for extra, missing in found["extras"].items():
        rows.append(("extras", f"{extra}: installed" if not missing else f"{extra}: lacks {', '.join(missing)}"))
    rows += _gpu(found["gpu"])
    return [f"{name:<10} {text}".rstrip() for name, text in rows]


def _gpu(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What there is to compute on GPUs, and what `--device auto` makes of it."""
    toolkit = ", ".join(f"{name} {version}" for name, version in found["toolkit"].items())
    rows = [("GPU", f"toolkit {toolkit}" if toolkit else "no toolkit is installed")]
    if found["driver"] is not None:
        own = found["driver"]["version"]
        rows.append(("", f"driver {own or 'found'}, for CUDA up to {found['driver']['cuda']}"))
    for each in found["devices"]:
        told = each.get("problem") or (
            f"{each['name']}, compute capability {each['capability']}, {each['multiprocessors']} multiprocessors, "
            f"{each['free'] / GIBI:.1f} of {each['memory'] / GIBI:.1f} GiB free"
        )
        rows.append(("", f"cuda:{each['number']} {told}"))
    if found["problem"]:
        rows.append(("", found["problem"]))
    if found["install"] and found["install"] not in (found["problem"] or ""):
        rows.append(("", f"to use one: {found['install']}"))
    rows.append(("", f"--device auto uses {', '.join(found['auto'])}"))
    return rows


def _state(runs: dict[str, Any]) -> str:
    if not runs["writable"]:
        return "which cannot be written: runs are not kept"
    if runs["problem"]:
        return "writable, but " + runs["problem"].removesuffix(".")
    return "writable" if runs["exists"] else "made when the first run is kept"


def _screen(screen: dict[str, Any]) -> str:
    if not screen["is_terminal"]:
        return "none: the output goes elsewhere, so runs print plain lines"
    signs = "Unicode" if screen["unicode"] else "ASCII only"
    return f"{screen['width']} × {screen['height']}, {screen['colours']:,} colours, {signs}, TERM={screen['TERM']}"
