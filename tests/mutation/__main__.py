"""Run mutants: `python -m tests.mutation --mutants 400 --seed 0 --folder /tmp/mutation`.

Each mutant is written into a copy of the tree, and the tests that cover its line run in a forked process, the nearest
and quickest first, until one fails. What was found so far stands in `results.jsonl` of the folder; a later call with
the same folder goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.mutation.covering import Covering, measure
from tests.mutation.mutants import Mutant, mutants, sample

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("lab/graph", "lab/tasks", "lab/session")
"""Where mutants are made; figures are part of the tasks."""
BATCHES = (40, 400)
"""So many tests run at first, and so many more if all of these pass."""
PATIENCE = 90.0
"""Seconds for one batch: a mutant that never ends has been noticed."""


def main() -> int:
    """Draw, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), help="folders in which mutants are made")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="tests that are asked, all by default")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    covering = measure(ROOT, options.folder, options.parts, options.tests, 2)
    candidates = [
        each
        for part in options.parts
        for path in sorted((ROOT / part).rglob("*.py"))
        for each in mutants(path, {line for line, tests in _lines(covering, path).items() if tests})
    ]
    chosen = sample(candidates, options.mutants, options.seed)
    print(f"{len(chosen)} of {len(candidates)} mutants", flush=True)
    results = options.folder / "results.jsonl"
    done = {_key(json.loads(line)) for line in results.read_text().splitlines()} if results.exists() else set()
    waiting = [each for each in chosen if _key(_row(each)) not in done]
    _preload()
    workers = []
    for number in range(options.processes):
        if (child := os.fork()) == 0:
            copy = options.folder / f"tree-{number}"
            _work(waiting[number :: options.processes], covering, copy, results)
            os._exit(0)
        workers.append(child)
    for child in workers:
        os.waitpid(child, 0)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    print(Counter(each["outcome"] for each in rows))
    for each in rows:
        if each["outcome"] == "survived":
            print(f"{each['file']}:{each['line']}: {each['kind']}: {each['before']!r} -> {each['after']!r}")
    return 0


def _lines(covering: Covering, path: Path) -> dict[int, list[str]]:
    return covering.tests.get(str(path.relative_to(ROOT)), {})


def _row(mutant: Mutant) -> dict[str, Any]:
    file = str(mutant.path.relative_to(ROOT))
    return {"file": file, "line": mutant.line, "kind": mutant.kind, "before": mutant.before, "after": mutant.after}


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("file", "line", "kind", "before", "after"))


def _preload() -> None:
    """Import what is large and no part of the lab once, before the processes that run tests are forked."""
    for name in (
        "numba",
        "scipy.special",
        "sklearn.datasets",
        "textual.app",
        "typer",
        "pytest",
        "hypothesis",
        "plotext",
    ):
        __import__(name)


def _work(waiting: list[Mutant], covering: Covering, copy: Path, results: Path) -> None:
    if not copy.exists():
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis"))
    os.environ["PYTHONPATH"] = str(copy)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    for mutant in waiting:
        row = _row(mutant)
        target, begun = copy / row["file"], time.monotonic()
        original = target.read_text(encoding="utf-8")
        target.write_text(mutant.source, encoding="utf-8")
        try:
            tests = covering.of(row["file"], mutant.line)
            row["outcome"] = "survived"
            for first, last in ((0, BATCHES[0]), (BATCHES[0], sum(BATCHES))):
                if tests[first:last] and row["outcome"] == "survived":
                    row["outcome"] = _run(tests[first:last], copy)
        finally:
            target.write_text(original, encoding="utf-8")
        row |= {"tests": len(tests), "seconds": round(time.monotonic() - begun, 1)}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _run(tests: list[str], copy: Path) -> str:
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(copy)
        sys.path[:] = [str(copy), *(each for each in sys.path if each not in ("", str(ROOT)))]
        for name in [each for each in sys.modules if each.split(".")[0] in ("tests", "lab", "kernels")]:
            del sys.modules[name]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests])))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "noticed"
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "noticed, it never ended"


if __name__ == "__main__":
    sys.exit(main())
