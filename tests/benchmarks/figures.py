"""The figures that the lab promises, measured and judged: `python -m tests.benchmarks.figures`.

About five minutes with PyTorch and JAX installed (`pip install '.[bench]'`); on a machine that has something else to
do, whatever it says is about that. Exits with 1 if a figure is missed. `--rounds` for more patience; `--json FILE` to
judge what `lab bench --json` wrote before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEBI = 1024**2
RATIOS = (
    # net, contestant, the lab's time over its
    (0, "PyTorch eager", 1 / 35),
    (0, "JAX jit + scan", 0.5),
    (1, "PyTorch eager, fused", 1 / 5),
    (1, "JAX jit + scan", 0.9),
    (2, "PyTorch eager, fused", 0.45),
    (2, "JAX jit + scan", 1.05),
)
SHARES = (("metrics", 0.10), ("plots", 0.05))
SECONDS = (0.15, 0.4, 1.2, 15.0)
MEMORY = 300 * MEBI
SGEMM = 0.85
THREADS = 1.7


def judged(found: dict[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """(what, asked, measured, whether it holds) of every figure that was measured."""
    for number, title, most in RATIOS:
        net = found["nets"][number]
        sizes = "-".join(map(str, net["net"]))
        for each in net["results"]:
            if each["title"] == title:
                yield f"{sizes} / {title}", f"≤ {most:.3f}", f"{each['ratio']:.3f}", each["ratio"] <= most
    share = found["nets"][2]["speed"] / found["nets"][2]["limit"]
    yield "784-512-512-10 of the sgemm limit", f"≥ {SGEMM:.0%}", f"{share:.0%}", share >= SGEMM
    ratio = found["replicas"]["ratio"]
    yield "4 replicas on all cores / one thread", f"≥ {THREADS}", f"{ratio:.2f}", ratio >= THREADS
    for part, most in SHARES:
        share = found[part]["share"]
        yield found[part]["title"], f"≤ {most:.0%}", f"{share:.1%}", share <= most
    for each, most in zip(found["starts"], SECONDS, strict=True):
        yield each["title"], f"≤ {most} s", f"{each['seconds']:.2f} s", each["seconds"] <= most
    memory = max(each["memory"] or 0 for each in found["starts"])
    yield "most memory of these", f"≤ {MEMORY // MEBI} MiB", f"{memory // MEBI} MiB", memory <= MEMORY


def main() -> int:
    """Measure, print the table, and say by the exit code whether all figures hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="judge this instead of measuring")
    asked = parser.parse_args()
    if asked.json is not None:
        text = asked.json.read_text()
    else:
        command = [sys.executable, "-c", "from lab.cli import main; main()", "bench", "--json"]
        command += ["--rounds", str(asked.rounds)]
        text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = list(judged(json.loads(text)))
    for what, wanted, measured, holds in rows:
        print(f"{what:58}{wanted:>12}{measured:>12}  {'holds' if holds else 'MISSED'}")
    return 0 if all(holds for *_, holds in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
