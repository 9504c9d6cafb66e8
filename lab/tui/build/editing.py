"""What enter, a and d do on each line of the builder: which lists and forms come up, and what the answers change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput, InvalidValue
from lab.scenario.writing import flow
from lab.tui.build import parts
from lab.tui.build.draft import name_of
from lab.tui.build.form import Blank, SettingsForm, blanks_of
from lab.tui.build.layer_parts import LayerParts
from lab.tui.build.outline import Row, inner
from lab.tui.build.pick import PickScreen
from lab.tui.run.dialogs import ChooseDialog

if TYPE_CHECKING:
    from lab.tui.build.screen import BuilderScreen

ABOUT = {
    "title": "What it is called in lists and above its curves.",
    "task": "What the network is to learn: classes (classify), numbers (regress) or several labels at once (label).",
    "data": "What it learns from. Enter chooses another set, then its options; a file of your own keeps its place.",
    "input": "The numbers that the first layer sees of one example.",
    "layer": "One layer: enter changes it, a adds one below, K and J move it, d takes it away.",
    "none": "A network needs at least one layer; the last one must give as many numbers as the data has classes.",
    "blocks": "Layers that are defined once and used by name, as a layer is; enter changes them as YAML.",
    "init": "How the weights begin, unless a layer says so itself; {from: FILE} takes the weights of an earlier run.",
    "optimizer": "How a gradient becomes a step: enter chooses one, then its settings, the learning rate first.",
    "train": "Examples per step, how many steps, how often is measured, and the seed of everything random.",
    "watch": "The metrics that are measured and drawn.",
    "options": "Settings of the task, such as the loss or which pictures are shown.",
    "variants": "Runs that are compared side by side; a adds one.",
    "variant": "One of the runs that are compared, with what is different in it, by dotted path: model.0.dense=8.",
}
"""What each line of the builder is."""


class Editing:
    """The answers change the draft of a builder."""

    def __init__(self, screen: BuilderScreen) -> None:
        self.screen = screen

    @property
    def content(self) -> dict[str, Any]:
        return self.screen.draft.content

    @property
    def layers(self) -> LayerParts:
        """The layers, and the blocks of this scenario."""
        return LayerParts(self.content.get("blocks"))

    def change(self, row: Row) -> None:
        """Enter on a line."""
        if row.kind == "layer" and isinstance(row.place, int):
            self._layer(row.place)
        elif row.kind in ("none", "input"):
            self.add(row)
        elif row.kind == "variants":
            self._variant("")
        elif row.kind == "variant":
            self._variant(str(row.place))
        else:
            getattr(self, f"_{row.kind}")()

    def add(self, row: Row) -> None:
        """A new layer below the line, or a new variant."""
        if row.kind in ("variant", "variants"):
            self._variant("")
            return
        model = self.screen.draft.model
        place = int(row.place) + 1 if row.kind == "layer" and isinstance(row.place, int) else len(model)
        place = 0 if row.kind in ("title", "task", "data", "input") else place

        def picked(name: str | None) -> None:
            if name is None:
                return
            blanks = self.layers.blanks(name)
            if any(each.default == "needed" for each in blanks):
                self._fill_layer(name, name, lambda made: self._inserted(place, made))
            else:
                self._inserted(place, name)

        self.screen.app.push_screen(PickScreen("A new layer", self.layers.kinds(), "dense"), picked)

    def _inserted(self, place: int, layer: Any) -> None:
        self.screen.change(lambda: self.screen.draft.insert(place, layer), ("layer", place))

    def remove(self, row: Row) -> None:
        """The layer or variant of a line is taken away."""
        draft = self.screen.draft
        if row.kind == "layer" and isinstance(row.place, int):
            place = row.place
            wanted = ("layer", min(place, len(draft.model) - 2))
            self.screen.change(lambda: draft.remove(place), wanted)
        elif row.kind == "variant":
            left = {name: each for name, each in self.content["variants"].items() if name != row.place}
            self.screen.change(lambda: draft.set("variants", left or None, f"variant {row.place} removed"))
        else:
            self.screen.app.notify("Only layers and variants can be taken away.", timeout=3)

    # Layers

    def _layer(self, place: int) -> None:
        layer = self.screen.draft.model[place]
        name = name_of(layer)
        if self.layers.blanks(layer):
            self._fill_layer(name, layer, lambda made: self._replaced(place, made))
            return

        def picked(chosen: str | None) -> None:  # a layer without settings can only become another one
            if chosen is not None and chosen != name:
                if any(each.default == "needed" for each in self.layers.blanks(chosen)):
                    self._fill_layer(chosen, chosen, lambda made: self._replaced(place, made))
                else:
                    self._replaced(place, chosen)

        self.screen.app.push_screen(PickScreen(f"In place of {name}", self.layers.kinds(), name), picked)

    def _replaced(self, place: int, layer: Any) -> None:
        self.screen.change(lambda: self.screen.draft.replace(place, layer), ("layer", place))

    def _fill_layer(self, name: str, layer: Any, use: Any) -> None:
        def look(values: dict[str, Any]) -> str:
            made = self.layers.made(name, values)
            self.layers.check(made)
            return f"As YAML: {flow(made)}"

        def filled(values: dict[str, Any] | None) -> None:
            if values is not None:
                use(self.layers.made(name, values))

        self.screen.app.push_screen(
            SettingsForm(name, self.layers.about(layer), self.layers.blanks(layer), look), filled
        )

    # Everything else

    def _title(self) -> None:
        blank = Blank("title", str(self.content.get("title", "")), "needed", "A short title.", text=True)
        self._form("Title", "", [blank], lambda values: self._set("title", values.get("title")))

    def _task(self) -> None:
        def picked(name: str | None) -> None:
            if name is not None:
                self._set("task", name)

        self.screen.app.push_screen(PickScreen("Task", parts.tasks(), str(self.content.get("task", ""))), picked)

    def _data(self) -> None:
        block = dict(self.content.get("data") or {})
        name, _ = parts.data_options(block)
        if name in block:  # a file
            self._fill_data(block)
            return

        def picked(chosen: str | None) -> None:
            if chosen is not None:
                self._fill_data(block if chosen == name else {"name": chosen})

        self.screen.app.push_screen(PickScreen("Data", parts.data_sets(), name), picked)

    def _fill_data(self, block: dict[str, Any]) -> None:
        named = {"name": block["name"]} if "name" in block else {}

        def look(values: dict[str, Any]) -> str:
            parts.check_data({**named, **values})
            return f"As YAML: {flow({**named, **values})}"

        def use(values: dict[str, Any]) -> None:
            self._set("data", {**named, **values})

        name, options = parts.data_options(block)
        self._form(name, parts.sentence(options), parts.data_blanks(block), use, look)

    def _init(self) -> None:
        def picked(name: str | None) -> None:
            if name == "from":
                self._weights()
            elif name is not None:
                self._set("init", name)

        known = [*parts.initialisers(), ("from", "The weights of an earlier run, or of a safetensors file.")]
        given = self.content.get("init")
        current = given if isinstance(given, str) else str(next(iter(given or {"he": 0})))
        self.screen.app.push_screen(PickScreen("First weights", known, current), picked)

    def _weights(self) -> None:
        from lab.tui.build.weights import choose_weights

        choose_weights(self.screen, lambda path: self._set("init", {"from": str(path)}))

    def _optimizer(self) -> None:
        given = dict(self.content.get("optimizer") or {})
        name = str(given.get("name", "sgd"))

        def picked(chosen: str | None) -> None:
            if chosen is None:
                return
            kept = given if chosen == name else {each: given[each] for each in ("rate", "schedule") if each in given}

            def look(values: dict[str, Any]) -> str:
                parts.check_optimizer(chosen, values)
                return f"As YAML: {flow({'name': chosen, **values})}"

            def use(values: dict[str, Any]) -> None:
                self._set("optimizer", {"name": chosen, **values})

            about = dict(parts.optimizers())[chosen]
            self._form(chosen, about, parts.optimizer_blanks({**kept, "name": chosen}), use, look)

        self.screen.app.push_screen(PickScreen("Optimizer", parts.optimizers(), name), picked)

    def _train(self) -> None:
        from lab.scenario.model import Train
        from lab.validation import validated

        def look(values: dict[str, Any]) -> str:
            try:
                made = validated(Train, values)
            except InvalidValue as error:
                raise BadInput(str(error)) from None
            if made.uncounted:
                return f"{made.length}, measured every {made.measure:,} steps."
            return f"{made.length}, measured {made.steps // made.measure:,} times."

        blanks = blanks_of(Train, self.content.get("train") or {}, ("steps", "epochs", "batch", "measure"))
        self._form("Training", "", blanks, lambda values: self._set("train", values or None), look)

    def _watch(self) -> None:
        known = parts.metrics(str(self.content.get("task", "")))
        watched = [str(each) for each in self.content.get("watch") or []]

        def chosen(names: list[str] | None) -> None:
            if names is not None:
                kept = [each for each in watched if each in names]
                self._set("watch", kept + [each for each in names if each not in kept])

        rows = [(name, f"{name}: {told}") for name, told in known]
        self.screen.app.push_screen(ChooseDialog("What is measured", rows, watched), chosen)

    def _blocks(self) -> None:
        note = "A list of layers, or parameters and layers, as YAML; empty: the block is gone."
        blanks = [Blank(name, flow(each), "", note) for name, each in self.content["blocks"].items()]
        self._form("Blocks", ABOUT["blocks"], blanks, lambda values: self._set("blocks", values or None))

    def _options(self) -> None:
        from lab.tasks.task import load_tasks
        from lab.validation import validated

        task = load_tasks().get(str(self.content.get("task", "")))
        if task is None:
            self.screen.app.tell("Choose a task first: it says which options there are.")
            return

        def look(values: dict[str, Any]) -> str:
            try:
                validated(task.Options, values)
            except InvalidValue as error:
                raise BadInput(str(error)) from None
            return ""

        blanks = blanks_of(task.Options, self.content.get("options") or {})
        self._form(task.name, parts.sentence(type(task)), blanks, lambda v: self._set("options", v or None), look)

    def _variant(self, name: str) -> None:
        from lab.scenario.names import explain_variant_name
        from lab.scenario.settings import parse_settings

        variants = dict(self.content.get("variants") or {})
        given = "; ".join(f"{path}={flow(value)}" for path, value in (variants.get(name) or {}).items())
        blanks = [
            Blank("name", name, "needed", "One word: letters, digits and _.", text=True),
            Blank("differences", given, "none: as above", "Such as optimizer.rate=0.5; model.0.dense=8", text=True),
        ]

        def parsed(values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
            chosen = str(values.get("name", "")).strip()
            if not chosen:
                raise BadInput("The variant needs a name.")
            if problem := explain_variant_name(chosen):
                raise BadInput(f"{problem}.")
            if chosen != name and chosen in variants:
                raise BadInput(f"There is a variant {chosen} already.")
            texts = [each.strip() for each in str(values.get("differences", "")).split(";") if each.strip()]
            return chosen, parse_settings(texts, "differences")

        def look(values: dict[str, Any]) -> str:
            chosen, differences = parsed(values)
            from lab.tasks import check
            from lab.tui.build.draft import Draft

            trial = Draft({**self.content, "variants": {chosen: differences}, "claims": []}, self.screen.draft.path)
            trial.content.pop("question", None)
            check(trial.loaded())
            return f"{chosen}: {inner(differences) or 'as above'}"

        def use(values: dict[str, Any]) -> None:
            chosen, differences = parsed(values)
            made = {(chosen if each == name else each): variants[each] for each in variants}
            made[chosen] = differences
            self.screen.change(
                lambda: self.screen.draft.set("variants", made, f"variant {chosen} changed"), ("variant", chosen)
            )

        self._form("Variant", ABOUT["variant"], blanks, use, look)

    def _set(self, key: str, value: Any) -> None:
        self.screen.change(lambda: self.screen.draft.set(key, value))

    def _form(self, title: str, about: str, blanks: list[Blank], use: Any, look: Any = lambda values: "") -> None:
        def filled(values: dict[str, Any] | None) -> None:
            if values is not None:
                use(values)

        self.screen.app.push_screen(SettingsForm(title, about, blanks, look), filled)
