"""The keys of the screens that show a run, and of the small ones over them: rows of the lab's one table of keys."""

from __future__ import annotations

from lab.tui.keys import Key

WATCH = (
    Key("cursor(-1)", "left", "", "Read all curves one step to the left: what was measured last until there.", "back"),
    Key("cursor(1)", "right", "", "Read all curves further to the right.", "forth"),
    Key("cursor_far(-1)", "home", "", "Read the curves ten times further to the left.", "far_back"),
    Key("cursor_far(1)", "end", "", "Read the curves ten times further to the right.", "far_forth"),
    Key("zoom(True)", "i", "", "Zoom in on the steps around the cursor.", "zoom_in"),
    Key("zoom(False)", "o", "", "Zoom out.", "zoom_out"),
    Key("pan(-1)", "comma", "", "Show earlier steps.", "pan_left"),
    Key("pan(1)", "full_stop", "", "Show later steps.", "pan_right"),
    Key("next_tile", "tab", "", "Select the next plot."),
    Key("enlarge", "enter", "", "Let the selected plot fill the screen, or show all again."),
    Key("page(1)", "right_square_bracket", "", "More plots and pictures.", "next_page"),
    Key("page(-1)", "left_square_bracket", "", "The plots before.", "previous_page"),
    Key("choose_plots", "p", "", "Choose what is shown: curves, per layer or not, and pictures."),
    Key("choose_variants", "f", "", "Choose which variants and seeds are shown."),
    Key("next_variant", "n", "", "Look at the next variant: its units, pictures, layers and settings."),
    Key("next_seed", "N", "", "Look at the next seed alone, then at the mean of all again."),
    Key("logarithmic", "l", "", "Logarithmic or linear axis for the selected plot."),
    Key("smooth", "m", "", "Smooth the curves: not at all, a little, more, much."),
    Key("by_layer", "g", "", "Show the selected metric for each layer of the variant that is looked at."),
    Key("define", "d", "", "What the selected plot or picture shows: definition, unit, formula, lessons."),
    Key("noticed", "j", "", "Show or hide what was noticed: units that die, gradients that vanish, and when."),
    Key("gradients", "G", "", "Let the lines of the network diagram be its gradients, or its weights."),
    Key("verdict", "v", "", "Show or hide what became of the claims, and of your guess."),
    Key("scroll_verdict(1)", "down,pagedown", "", "Read on in the lesson, or else in the verdict.", "verdict_down"),
    Key("scroll_verdict(-1)", "up,pageup", "", "Read back in the lesson, or else in the verdict.", "verdict_up"),
    Key("release", "escape", "", "Back to all plots, the latest values, all steps; then leave."),
    Key("copy_yaml", "Y", "", "Copy the configuration as YAML."),
    Key("copy_command", "y", "", "Copy the `lab run` line that repeats this run."),
)

RUN = (
    Key("pause", "space", "Pause", "Pause all variants, or go on."),
    Key("slower", "less_than_sign", "Slower", "Train slower, so that it can be watched; remembered for other lessons."),
    Key("faster", "greater_than_sign", "Faster", "Train faster, up to as fast as it can; remembered as well."),
    Key("skip", "z", "Skip", "Train as fast as it can until this run is over."),
    Key("lesson", "r", "Lesson", "Read the lesson beside the plots, with the numbers of this run, or close it."),
    Key("step", "s", "Step", "Pause, then do one step of every variant."),
    Key(
        "explain_step", "e", "Explain", "Pause, and show what the next step computes, layer by layer, with its numbers."
    ),
    Key(
        "change(True)",
        "plus,equals_sign",
        "Raise",
        "Raise the marked setting (rate, momentum…), without a reset.",
        "raise",
    ),
    Key("change(False)", "minus", "", "Lower the marked setting, without a reset.", "lower"),
    Key("next_setting", "t", "", "Mark the next setting that can be changed while this runs."),
    Key("set_value", "x", "", "Type a value for the marked setting."),
    Key("every_variant", "A", "", "Change settings of all variants, or only of the one that is looked at."),
    Key("undo", "u", "Undo", "Take back the last change, step, branch or new variant."),
    Key("rewind", "w", "", "Go back to the same initial weights, or to the step of the cursor (asks first)."),
    Key("branch", "b", "Branch", "A new variant that goes on from the step of the cursor with other settings."),
    Key("add_variant", "a", "", "A new variant from the beginning, by dotted overrides."),
    *(
        Key(f"try_next({n})", str(n), "", f"Run what the lesson suggests to try next, number {n}.", f"try_{n}")
        for n in range(1, 10)
    ),
    Key("diagnose", "D", "", "Find out why the variant that is looked at does not learn: try what would mend it."),
    Key("kernels", "k", "", "The kernels that are running, with their time, speed and source."),
    Key("leave", "q", "Leave", "Back. What is kept goes on later; asks where something would be lost."),
    *WATCH,
)

REPLAY = (
    Key("pause", "space", "Pause", "Hold the replay, or go on."),
    Key("faster", "plus,equals_sign,greater_than_sign", "Faster", "Replay twice as fast."),
    Key("slower", "minus,less_than_sign", "Slower", "Replay half as fast."),
    Key("jump(-1)", "b", "Back", "Jump back by a tenth of the run.", "jump_back"),
    Key("jump(1)", "s", "Skip", "Jump ahead by a tenth of the run.", "jump_ahead"),
    Key("jump_to_digit(0)", "0", "", "Jump to the beginning; 1 to 9 jump to so many tenths of the run.", "beginning"),
    *(Key(f"jump_to_digit({n})", str(n), "", f"Jump to {n} tenths of the run.", f"tenth_{n}") for n in range(1, 10)),
    Key("at_end", "z", "End", "Jump to the end."),
    Key("leave", "q", "Leave", "Back to the list of runs."),
    *WATCH,
)

KERNELS = (
    Key("next_program", "p", "Program", "The next program of the experiment: its step, its measurements."),
    Key("measure", "m", "Measure", "Measure all kernels again."),
    Key("sort", "s", "Sort", "By time, or in the order in which they run."),
    Key("leave", "q,escape", "Back", "Back."),
)

_TAKE = Key("take", "enter", "Take", "Take what is marked, chosen or written.", priority=True)
_AS_BEFORE = Key("back", "escape", "Go on as before", "Close it; everything stays as it was.")

DIALOGS: dict[str, tuple[Key, ...]] = {
    "leaving": (
        Key("answer('stop')", "s", "", "Leave.", "stop"),
        _TAKE,
        _AS_BEFORE,
    ),
    "rewinding": (
        Key("answer('cursor')", "c", "", "The variant that is looked at goes back to the cursor's step.", "cursor"),
        Key("answer('one')", "1", "", "The variant that is looked at goes back to its first weights.", "one"),
        Key("answer('all')", "a", "", "Every variant goes back to the same first weights.", "all"),
        _TAKE,
        _AS_BEFORE,
    ),
    "form": (_TAKE, _AS_BEFORE),
    "trying": (_TAKE, Key("back", "escape", "Close", "Close it; nothing is run.")),
    "choosing": (
        Key("mark", "space", "Choose", "Choose what is marked, or leave it out."),
        _TAKE,
        _AS_BEFORE,
    ),
    "definition": (Key("back", "escape,q,d", "Close", "Close it."),),
    "explanation": (
        Key("more", "s", "Take this step, explain the next", "Take the step that is explained, and explain the next."),
        Key("back", "escape,q", "Close", "Close it; the run stays paused."),
    ),
}
"""The small screens: questions, forms, lists to choose from, something to read."""
