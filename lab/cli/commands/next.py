"""`lab next`: which lesson comes next."""

from __future__ import annotations

import sys


def command() -> None:
    """Which lesson comes next, and about how long it takes: the first that was not run to its end."""
    from lab.scenario.listing import library
    from lab.tui.explore import effort
    from lab.tui.progress import Progress

    progress = Progress(warn=lambda sentence: print(sentence, file=sys.stderr))
    entries = library()
    left = [entry for entry in entries if not progress.lesson(entry.slug).done]
    if not left:
        print(f"All {len(entries)} lessons are done. `lab new mine` begins one of your own.")
        return
    following = left[0]
    seconds = effort.expected(following.slug, effort.measured(), None)
    print(f"{following.slug} ({following.chapter}): {following.title}")
    print(f"{len(entries) - len(left)} of {len(entries)} lessons are done.", end=" ")
    print(f"This one {effort.told(seconds, None)}." if seconds is not None else "")
    print(f"Read it with `lab show {following.slug}`, run it with `lab run {following.slug}`.")
