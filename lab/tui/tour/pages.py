"""What stands on the pages of the tour. Keys are named by their action, so that they are those of the settings file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    text:  a paragraph or two
    lines: what can be pressed, each with what it does; the keys as (part of the table of keys, name of the action), or
           a sign that stands for itself
    """

    title: str
    text: str
    lines: tuple[tuple[tuple[str, str] | str, str], ...] = ()


PAGES = (
    Page(
        "A lab for seeing why networks learn, or do not",
        "Every lesson is one idea about neural networks, and an experiment that shows it: a few small networks, alike "
        "but for one thing, that train side by side in front of you.\n\n"
        "Nothing here is a film. What you see is trained and measured on this machine while you look; you can stop it, "
        "change it, and be surprised.",
        (
            (("tour", "forth"), "the next of five short pages"),
            (("tour", "skip"), "skip the tour; the list of things to make has it again"),
        ),
    ),
    Page(
        "Choose a lesson",
        "The list on the left has the lessons, chapter by chapter, in an order in which they can be learned. A sign "
        "before each says what has become of it: ○ not run yet, ✓ run and all that it claims held, ✗ something that it "
        "claims did not.",
        (
            ("↑ ↓", "another lesson; ← and → close and open a chapter"),
            (("explore", "run"), "run the lesson"),
            (("explore", "next_lesson"), "go on with the next one that you have not run"),
            (("explore", "search"), "search by a word, such as dropout"),
        ),
    ),
    Page(
        "Guess first",
        "Before a lesson trains, it asks what will happen. Guess: you will look for the reason while it runs, and at "
        "the end your guess stands beside what was measured.\n\n"
        "A wrong guess costs nothing, and is where the learning is.",
        (
            ("1 2 3", "take an answer"),
            (("guess", "skip"), "run it without a guess"),
        ),
    ),
    Page(
        "Watch, stop, change",
        "Each network has a letter and a colour, the same in every curve. The pictures show the one that you look at. "
        "While it trains, or afterwards:",
        (
            (("run", "pause"), "pause, or go on"),
            (("run", "step"), "one step; with the next key it is explained, number by number"),
            (("run", "explain_step"), "what this step computes"),
            (("run", "raise"), "raise the learning rate, or what is marked, without a new start"),
            (("run", "rewind"), "back to the same first weights"),
            (("everywhere", "explain"), "on every screen: what each number, picture and colour means"),
        ),
    ),
    Page(
        "Make something of your own",
        "Once you want to know what happens with your data or your network, you need no other program: open a table, "
        "choose what is to be predicted, put layers together, compare, keep, go on tomorrow.",
        (
            (("explore", "make"), "your own data, network or file; more seeds; a search for settings"),
            (("explore", "runs"), "what was run before: watch again, compare, export"),
            (("everywhere", "command_palette"), "find any command by its name"),
            (("everywhere", "next_theme"), "other colours: light, or safe for the colour-blind"),
            (("explore", "leave"), "leave the lab; nothing that was run is lost"),
        ),
    ),
)
