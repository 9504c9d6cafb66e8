"""The processor time of every built-in scenario: `python -m tests.benchmarks.scenario_seconds [NAME…]`.

Writes `scenarios/seconds.json`, from which the lab says how long a lesson's first run will take. One variant is trained
after the other in one thread; processor time counts, so that other work on the machine matters little.
"""

from __future__ import annotations

import json
import sys
import time

from lab.scenario import listing, load
from lab.session import Session
from lab.tui.explore import effort


def seconds(name: str) -> tuple[float, ...]:
    """Of the longest variant, and of all, kernels being compiled already; and the number of seeds if it is not one."""
    loaded = load(listing.locate(name))
    _run(Session(loaded, steps=1))
    session = Session(loaded, threads=1)
    begun = time.process_time()
    _run(session)
    whole = time.process_time() - begun
    busy = [each.seconds_worked for each in session.replicas]
    return (
        max(0.01, whole * max(busy) / sum(busy)),
        max(0.01, whole),
        *([len(session.seeds)] if len(session.seeds) > 1 else []),
    )


def _run(session: Session) -> None:
    session.start()
    session.wait()


def _row(longest: float, whole: float, *seeds: float) -> str:
    return f"[{', '.join([f'{longest:.2f}', f'{whole:.2f}', *(f'{each:.0f}' for each in seeds)])}]"


def main() -> None:
    path = listing.builtin_folder() / effort.FILE_NAME
    there = listing.slugs()
    found = {slug: pair for slug, pair in effort.measured().items() if slug in there}
    for name in sys.argv[1:] or there:
        found[name] = seconds(name)
        print(f"{name:32} longest {found[name][0]:6.1f} s, all {found[name][1]:6.1f} s", flush=True)
        rows = [f"  {json.dumps(slug)}: {_row(*found[slug])}" for slug in there if slug in found]
        path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
