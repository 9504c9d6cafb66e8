"""Which tests run which lines: measured once with coverage.py, one context for each test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Covering:
    """tests: by file (relative to the root) and line, the tests that run it;  seconds: by test, how long it takes."""

    tests: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def of(self, file: str, line: int) -> list[str]:
        """The tests that run a line; those nearest to the file come first, and of equal ones the quickest."""
        words = set(Path(file).parts) | {Path(file).stem}
        near = {test: -len(words & set(Path(test.split("::")[0]).parts)) for test in self.tests[file].get(line, ())}
        return sorted(near, key=lambda test: (near[test], self.seconds.get(test, 1.0)))


def measure(root: Path, folder: Path, packages: list[str], asked: list[str], processes: int) -> Covering:
    """Run tests under coverage, or read what an earlier call left in `folder`."""
    data, durations = folder / "coverage", folder / "durations.json"
    if not durations.exists():
        configuration = folder / "coveragerc"
        configuration.write_text(f"[run]\ndata_file = {data}\nsource = {','.join(packages)}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "-p", "tests.mutation.durations", *asked]
        command += ["--cov", f"--cov-config={configuration}", "--cov-context=test", "--cov-report="]
        subprocess.run(command, cwd=root, check=False, env=os.environ | {"MUTATION_DURATIONS": str(durations)})
    import coverage

    found = coverage.CoverageData(str(data))
    found.read()
    tests: dict[str, dict[int, list[str]]] = {}
    for name in found.measured_files():
        file = str(Path(name).relative_to(root))
        tests[file] = {
            line: sorted({each.split("|")[0] for each in contexts if each})
            for line, contexts in found.contexts_by_lineno(name).items()
        }
    return Covering(tests, json.loads(durations.read_text(encoding="utf-8")))
