"""The keys of the screens on which something is built: rows of the lab's one table of keys."""

from __future__ import annotations

from lab.tui.keys import Key

BUILDER = (
    Key("change", "enter", "Change", "Change what the cursor is on: a layer, the data, the optimizer, the steps."),
    Key("add", "a,insert", "Add", "Add a layer below the cursor; with the cursor on variants, a variant."),
    Key("remove", "d,delete", "Delete", "Take the layer or variant away (u brings it back)."),
    Key(
        "move(-1)",
        "K,less_than_sign",
        "Move",
        "Move the layer one place towards the input; J moves it back.",
        "move_up",
    ),
    Key("move(1)", "J,greater_than_sign", "", "Move the layer one place towards the output.", "move_down"),
    Key("undo", "u", "Undo", "Take the last change back."),
    Key("redo", "U", "", "Do again what was taken back."),
    Key("run", "r", "Run", "Run it, saved or not."),
    Key("save", "w", "Save", "Save it as a scenario file."),
    Key("source", "e", "Text", "Edit the scenario as text: questions, claims, lesson, everything else."),
    Key("copy_yaml", "Y", "", "Copy the scenario as YAML."),
    Key("back", "q,escape", "Back", "Back; asks if something would be lost."),
)

SOURCE = (
    Key("run", "f5", "Run", "Run the scenario as it stands here."),
    Key("save", "f3", "Save", "Save the file."),
    Key("build", "f6", "Builder", "Go on in the builder, with shapes and parameters.", priority=True),
    Key("to_fault", "f8", "To the error", "Put the cursor on the place that is wrong."),
    Key("back", "escape", "Back", "Back; asks if something would be lost.", priority=True),
)

TABLE = (
    Key("target", "t", "Target", "Let the column under the cursor be what is predicted."),
    Key("use", "space", "Use", "Predict from this column, or leave it out."),
    Key("kind", "k", "Kind", "Take the target for classes, for values, or for what it looks like."),
    Key("standardise", "s", "Scale", "Give every input mean 0 and spread 1, or leave the inputs as they are."),
    Key("hold_back", "v", "Hold back", "How many examples are held back, to see whether what is learned carries over."),
    Key("go_on", "enter", "Go on", "Choose what to begin with; then everything can still be changed."),
    Key("back", "q,escape", "Back", "Back, without a scenario."),
)

FILES = (
    Key("take", "enter", "Open", "Open the folder, or take the file.", priority=True),
    Key("up", "left", "Folder above", "Go to the folder above.", priority=True),
    Key("hidden", "f4", "Hidden", "Show files and folders whose names begin with a dot, or hide them."),
    Key("back", "escape", "Back", "Back, without a file."),
)

SWEEP = (
    Key("stop", "s", "Stop", "Stop; what was trained is kept."),
    Key("best", "b", "Build", "Take the best settings into the builder."),
    Key("run", "r,enter", "Run best", "Run the scenario with the best settings."),
    Key("back", "q,escape", "Back", "Stop, and go back."),
)

MENU = (
    Key("take", "enter", "Choose", "Take what is marked."),
    Key("back", "q,escape", "Back", "Back to the lessons."),
)

_TAKE = Key("take", "enter", "Take", "Take it.", priority=True)
_BACK = Key("back", "escape", "Back", "Close it; everything stays as it was.")

STUDIO: dict[str, tuple[Key, ...]] = {
    "builder": BUILDER,
    "source": SOURCE,
    "table": TABLE,
    "files": FILES,
    "sweep": SWEEP,
    "studio": MENU,
    "settings_form": (
        Key("next", "down,tab", "", "The next line.", priority=True),
        Key("previous", "up", "", "The line before.", priority=True),
        _TAKE,
        _BACK,
    ),
    "pick": (_TAKE, _BACK),
    "unsaved": (
        Key("answer('save')", "s", "", "Save it first.", "save"),
        Key("answer('discard')", "d", "", "Leave without saving.", "discard"),
        _TAKE,
        Key("back", "escape", "Stay", "Stay here; nothing is lost."),
    ),
    "tour": (
        Key("forth", "enter,right,space", "Next", "The next page; after the last one, the lessons."),
        Key("before", "left,backspace", "Before", "The page before."),
        Key("skip", "escape,q", "Skip", "Leave the tour; it is not shown again by itself."),
    ),
}
"""Each screen of the studio to its keys."""
