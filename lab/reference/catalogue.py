"""All that can be explained: by kind and name, and found again by whatever a reader types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from lab.errors import BadInput
from lab.other_words import in_other_words
from lab.reference import lessons, measured, networks, scenarios, terms
from lab.reference.topic import Topic


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. title: as a heading, in the plural;  about: a sentence;  names: all that there are of it"""

    title: str
    about: str
    names: Callable[[], tuple[str, ...]]
    topic: Callable[[str], Topic]


KINDS: Mapping[str, Kind] = {
    "task": Kind("Tasks", "What a scenario does: `task: classify`.", scenarios.tasks, scenarios.task),
    "layer": Kind("Layers", "What a network is made of, in `model`.", networks.layers, networks.layer),
    "activation": Kind(
        "Activations", "Layers that bend: `model: [{dense: 64}, relu]`.", networks.activations, networks.activation
    ),
    "loss": Kind("Losses", "What training makes small: `options: {loss: hinge}`.", networks.losses, networks.loss),
    "optimizer": Kind(
        "Optimizers", "How the gradient changes the weights: `optimizer: {name: adam}`.", networks.optimizers,
        networks.optimizer,
    ),
    "schedule": Kind(
        "Schedules", "How the learning rate changes with the step: `optimizer: {schedule: …}`.", networks.schedules,
        networks.schedule,
    ),
    "initialiser": Kind("Initialisers", "How weights begin: `init: he`.", networks.initialisers, networks.initialiser),
    "detector": Kind(
        "Detectors", "How several objects are found: `options: {detector: yolo}`.", networks.detectors,
        networks.detector,
    ),
    "data set": Kind("Data sets", "What is learned from: `data: {name: spiral}`.", scenarios.data_sets, scenarios.data),
    "metric": Kind("Metrics", "What is measured: `watch: [loss, accuracy]`.", measured.metrics, measured.metric),
    "picture": Kind(
        "Pictures", "What is drawn of a run: `options: {pictures: [dead_units]}`.", measured.pictures, measured.picture
    ),
    "notice": Kind(
        "Notices", "What a run says in a sentence when it happens: `show: {notice: [plateau]}`.", measured.notices,
        measured.notice,
    ),
    "term": Kind("Terms", "Words that lessons use.", terms.terms, terms.term),
    "event": Kind("Events", "The lines of `lab run --json`, one JSON object each.", measured.events, measured.event),
    "key": Kind("Scenario keys", "What may stand in a scenario file, by its path.", scenarios.keys, scenarios.key),
}  # fmt: skip
"""Every kind of thing, in the order in which they are told."""
_WITHOUT_SETTINGS = ("metric", "picture", "notice", "event", "key", "term")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for what somebody typed.

    topics: all things of that name, of whatever kind
    owners: where nothing has that name, the things that have a setting of that name
    value_of: of what is a value of their settings, the name of the setting of each owner
    lesson: the built-in lesson of that name, where nothing else has it
    """

    topics: tuple[Topic, ...]
    owners: tuple[tuple[str, str], ...] = ()
    value_of: tuple[str, ...] = ()
    lesson: str = ""


def contents() -> dict[str, tuple[str, ...]]:
    """The names of all things, by kind."""
    return {kind: each.names() for kind, each in KINDS.items()}


@cache
def topic(kind: str, name: str) -> Topic:
    """What is told of one thing."""
    return KINDS[kind].topic(name)


def kind_of(word: str) -> str | None:
    """The kind that a word means: `layer`, `layers`, `data`, `initializer`; None if it means none."""
    plain = _plain(word).removesuffix("s")
    other = {"initializer": "initialiser", "data": "data set", "dataset": "data set", "figure": "picture",
             "scenario_key": "key", "losse": "loss", "los": "loss"}  # fmt: skip
    plain = other.get(plain, plain.replace("_", " "))
    return plain if plain in KINDS else None


def look_up(name: str, kind: str | None = None) -> Answer:
    """All things of a name, however it is spelled. Raises BadInput with the nearest names if there are none."""
    known = contents() if kind is None else {kind: KINDS[kind].names()}
    exact = [(each, one) for each, names in known.items() for one in names if one == name]
    found = exact or [(each, one) for each, names in known.items() for one in names if _plain(one) == _plain(name)]
    if "." not in name:  # a key of a scenario is known by its last word as well
        behind = [one for one in known.get("key", ()) if _plain(one.rpartition(".")[2]) == _plain(name)]
        found += [("key", one) for one in behind if ("key", one) not in found]
    if "term" in known:  # words come first: who asks for momentum means that of an optimizer
        said = {_plain(other): ("term", one) for other, one in terms.other_names().items()}
        if (word := said.get(_plain(name))) is not None:
            found = [word, *found]
        found.sort(key=lambda each: each[0] != "term")
    if found:
        return Answer(tuple(topic(each, one) for each, one in found))
    owners = tuple(
        (each, one)
        for each, names in known.items()
        if each not in _WITHOUT_SETTINGS
        for one in names
        if any(_plain(setting.name) == _plain(name) for setting in topic(each, one).settings)
    )
    if owners:
        return Answer((), owners)
    values = [
        (each, one, setting.name)
        for each, names in known.items()
        if each not in _WITHOUT_SETTINGS
        for one in names
        for setting in topic(each, one).settings
        if _plain(name) in map(_plain, setting.allowed.split(" or "))
    ]
    if values:
        return Answer((), tuple((each, one) for each, one, _ in values), tuple(setting for _, _, setting in values))
    if kind is None and (slug := next((each for each in lessons.contents() if _plain(each) == _plain(name)), "")):
        return Answer((), lesson=slug)
    raise BadInput(
        f"Nothing is called {name!r}{_hint(name, known)}. `lab explain` lists all that can be explained.".replace(
            "?.", "?"
        )
    )


def _hint(name: str, known: Mapping[str, tuple[str, ...]]) -> str:
    for kind, names in known.items():
        # A key is known in its block, `train.steps` beside `train.measure`.
        words = [each.rpartition(".")[2] for each in names] if kind == "key" else names
        if told := in_other_words(name, words):
            return f": {told}"
    every = {_plain(each): each for names in known.values() for each in names}
    every |= {_plain(each.rpartition(".")[2]): each for each in known.get("key", ())} | every
    close = [every[each] for each in get_close_matches(_plain(name), every, n=3, cutoff=0.7)]
    return f": did you mean {' or '.join(dict.fromkeys(close))}?" if close else ""


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")
