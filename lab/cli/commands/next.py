"""`lab next`: which lesson comes next."""

from __future__ import annotations


def command() -> None:
    """Which lesson comes next, and about how long it takes: the first that was not run to its end."""
    from lab.cli.known_lessons import known_lessons
    from lab.scenario.listing import library

    lessons = known_lessons(library())
    left = [each for each in lessons if each.state in ("never", "begun")]
    if not left:
        print(f"All {len(lessons)} lessons are done. `lab new mine` begins one of your own.")
        return
    following = left[0]
    entry = following.entry
    print(f"{entry.slug} ({entry.chapter}): {entry.title}")
    print(f"{len(lessons) - len(left)} of {len(lessons)} lessons are done.", end=" ")
    print(f"This one takes about {following.about}." if following.about else "")
    print(f"Read it with `lab show {entry.slug}`, run it with `lab run {entry.slug}`.")
