"""`lab data list`, `get`, `add` and `path`: the sets there are, and where the published ones are kept."""

from __future__ import annotations

import sys

from lab.errors import BadInput, nearest
from lab.home import with_home


def do(action: str, name: str | None, source: str | None) -> int:
    """Carry out one of them; the exit code. Raises BadInput."""
    from lab.data.images.published import PUBLISHED

    if action != "add" and source is not None:
        raise BadInput(f"`lab data {action}` takes no path beside the name.")
    if action == "list":
        if name is not None:
            raise BadInput("`lab data list` takes nothing: it names all sets.")
        return _list()
    if name is None:
        if action == "path":
            return _path(None)
        wanted = "NAME PATH" if action == "add" else "NAME"
        raise BadInput(f"Which set? `lab data {action} {wanted}`, where NAME is {', '.join(PUBLISHED)}.")
    if name not in PUBLISHED:
        raise BadInput(f"There is no published set {name!r}; {nearest(name, PUBLISHED)}.")
    if action == "path":
        return _path(name)
    return _fetch(action, name, source)


def _list() -> int:
    from lab.cli.columns import aligned
    from lab.data import describe
    from lab.data.images.published import PUBLISHED
    from lab.data.registry import named_sets
    from lab.data.sets.published_images import MUST_BE_FETCHED
    from lab.terminal import detect
    from lab.terminal.output import Output

    output = Output(sys.stdout, detect(sys.stdout).unicode)
    rows = []
    for each in describe():
        key = each.name if each.name in named_sets() else f"{{{each.name}: path}}"
        state = ""
        if (published := PUBLISHED.get(each.name)) is not None:
            here = published.found() is not None
            state = "here" if here else f"lab data get {each.name}"
            if each.name not in MUST_BE_FETCHED:
                state = "7,000 in the lab; complete: " + state
        rows.append([key, state, each.summary])
    for line in aligned([["data", "published sets", "what it is"], *rows]):
        output.line(line)
    return 0


def _path(name: str | None) -> int:
    from lab.data.images.published import PUBLISHED, data_folder

    if name is None:
        print(data_folder())
        return 0
    print(next(iter(PUBLISHED[name].paths().values())).parent)
    return 0


def _fetch(action: str, name: str, source: str | None) -> int:
    from lab.data.images.fetching import add, get
    from lab.data.images.published import PUBLISHED
    from lab.errors import InvalidValue

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        if action == "get":
            folder = get(PUBLISHED[name], tell)
        elif source is None:
            raise BadInput(f"Where is it? `lab data add {name} PATH`, a folder or an archive.")
        else:
            folder = add(PUBLISHED[name], with_home(source), tell)
        _read_once(name)
    except InvalidValue as error:
        raise error.without_place() from None
    print(folder)
    return 0


def _read_once(name: str) -> None:
    """Whether it can be trained on: files without a known checksum might be anything."""
    from lab.data import load

    load({"name": name} | ({"full": True} if name == "fashion-mnist" else {}), 0)
