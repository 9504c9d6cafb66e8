"""What a report says in words: the lesson, the claims, what happened, and how it was run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lab.errors import BadInput
from lab.events import Claimed
from lab.exports.report.curves import diverged
from lab.exports.report.markup import escape, markdown, sentence, table
from lab.exports.report.pictures import render
from lab.exports.selection import Selection
from lab.scenario import Loaded
from lab.scenario.measured import filled, spoken
from lab.session.kept_runs import numbers_of_run
from lab.store import RunInfo
from lab.terminal import sentences
from lab.terminal.metric_words import words
from lab.terminal.numbers import count, duration, short
from lab.terminal.palettes import letter
from lab.terminal.run_state import Replica, RunState

Numbers = dict[str, list[float]]
"""What was measured of the numbers that a lesson states, by name: one for each seed."""


def heading(info: RunInfo, loaded: Loaded | None) -> str:
    """Title and what was run, when, and how it ended."""
    title = loaded.scenario.title if loaded is not None else info.title or info.name
    seeds, variants = count(len(info.seeds), "seed"), count(len(info.variants), "variant")
    told = f"{info.name} · {_when(info.created)} · {variants} × {seeds} · {info.shown_state} · {duration(info.seconds)}"
    held = f" · {info.claims_held} of {count(info.claims, 'claim')} held" if info.claims else ""
    return f'<h1>{escape(title)}</h1><p class="note">{escape(told + held)}</p>'


def numbers(selection: Selection, loaded: Loaded | None) -> Numbers:
    """What the whole run has measured of the numbers that its lesson states; nothing before it has come to its end."""
    if loaded is None or not loaded.scenario.measured or selection.info.state not in ("finished", "diverged"):
        return {}
    return numbers_of_run(selection.store, selection.info, loaded.scenario.measured)


def question(loaded: Loaded, guess: str | None, found: Numbers, over: bool) -> str:
    """The question with its choices, the reader's guess if one is kept, and the answer once the run is over."""
    asked = loaded.scenario.question
    if asked is None:
        return ""
    rows = []
    for choice in asked.choices:
        marks = [" — your guess"] if choice == guess else []
        right = over and choice == asked.answer
        text = f"{sentence(choice)}{escape(''.join(marks))}"
        rows.append(f"<li>{f'<b class=good>{text} ✓</b>' if right else text}</li>")
    because = markdown(filled(asked.because, loaded.scenario.measured, found)) if over else ""
    return f'<div class="question">{markdown(asked.ask)}<ol>{"".join(rows)}</ol>{because}</div>'


def idea_and_lesson(loaded: Loaded, found: Numbers) -> str:
    """The lesson with the numbers of this run in it."""
    scenario = loaded.scenario
    idea, lesson = (filled(text, scenario.measured, found) for text in (scenario.idea, scenario.lesson))
    shown = f'<div class="idea">{markdown(idea)}</div>' if idea.strip() else ""
    return shown + (f'<div class="text">{markdown(lesson)}</div>' if lesson.strip() else "")


def claims(run_state: RunState) -> str:
    """Each claim with its verdict, its expression and the numbers of every seed."""
    parts = [_claim(each) for each in run_state.claims]
    if parts and (told := sentences.changed(run_state)):
        parts.append(f"<p><b>{sentence(told)}</b></p>")
    return "".join(parts)


def _claim(claim: Claimed) -> str:
    kind, mark = ("good", "✓") if claim.held else ("bad", "✗")
    that = " ".join(claim.that.split())
    told = sentences.other_settings(claim)
    note = f"<p><b>{sentence(told[:1].upper() + told[1:])}.</b></p>" if told else ""
    rows = "<br>".join(sentence(each) for each in sentences.evidence(claim, most=len(claim.evidence)))
    return (
        f'<div class="claim"><p><b class="{kind}">{mark} {escape(sentences.held(claim))}</b> {sentence(claim.says)}</p>'
        f'<p><code>{escape(that)}</code></p><p class="note">{rows}</p>{note}</div>'
    )


def measured(loaded: Loaded, found: Numbers) -> str:
    """The numbers that the lesson states: expression, range, and what this run has measured."""
    rows = []
    for name, each in loaded.scenario.measured.items():
        low, high = each.between
        here = ", ".join(spoken(number) for number in found.get(name, ()))
        rows.append((name, " ".join(each.value.split()), f"{spoken(low)} to {spoken(high)}", here))
    return table(("name", "expression", "expected", "in this run"), rows) if rows else ""


def sweep(selection: Selection) -> str:
    """The best trials of a sweep, and its pictures; "" of other runs, and of sweeps of a lab that wrote otherwise."""
    from lab.search.keeping import results_of, sweep_of
    from lab.search.pictures import pictures

    info = selection.info
    if not info.is_sweep:
        return ""
    try:
        kept = sweep_of(info, only_look=True)
        results = results_of(kept, selection.store, info)
    except (BadInput, ValueError, SyntaxError, KeyError):
        return ""
    paths = [axis.path for axis in kept.axes]
    rows = [
        (
            each.trial.name,
            *(short_value(each.trial.values[path]) for path in paths),
            f"{each.steps:,}",
            short(each.score),
        )
        for each in results[:10]
    ]
    drawn = "".join(
        f"<figure>{render(each)}<figcaption>{escape(each.title)}</figcaption></figure>"
        for each in pictures(kept, results)
    )
    return table(("trial", *paths, "steps", kept.objective), rows) + f'<div class="plots">{drawn}</div>'


def short_value(value: object) -> str:
    """A setting's value in a table."""
    return short(value) if isinstance(value, float) else str(value)


def happened(info: RunInfo, run_state: RunState) -> str:
    """What was changed by hand, what was noticed, what diverged, and what the lab had to say about its data."""
    rows = [
        (f"{each.step:,}", each.variant, str(each.seed), f"{each.name} changed to {short(each.value)}", each.step)
        for each in run_state.changes
    ]
    rows += [(f"{each.step:,}", each.variant, str(each.seed), each.sentence, each.step) for each in run_state.noticed]
    rows.sort(key=lambda row: row[4])
    told = [*sentences.divergences(run_state), *info.changes]
    told += run_state.started.read if run_state.started is not None else ()
    told += [f"The run failed: {run_state.failed.message}"] if run_state.failed is not None else []
    told += [f"Not everything was saved: {info.problem}"] if info.problem else []
    told += [f"It goes on from the record of {info.origin}."] if info.origin else []
    listed = "".join(f"<li>{sentence(each)}</li>" for each in told)
    shown = table(("step", "variant", "seed", ""), [row[:4] for row in rows]) if rows else ""
    return (f"<ul>{listed}</ul>" if listed else "") + shown


def replicas(run_state: RunState) -> str:
    """Each variant with each seed: how it ended, after how many steps and seconds, and what was measured last."""
    metrics = [name for name in run_state.metrics if any(name in each.values for each in run_state.replicas.values())][
        :6
    ]
    rows = []
    for number, variant in enumerate(run_state.variants):
        for each in run_state.of(variant):
            last = [short(each.values[name]) if name in each.values else "" for name in metrics]
            rows.append((letter(number), variant, each.seed, *_ended(each), *last))
    return table(("", "variant", "seed", "ended", "steps", "took", *map(words, metrics)), rows) if rows else ""


def _ended(replica: Replica) -> Sequence[str]:
    outcome = replica.outcome
    if outcome is None:
        return ("diverged" if diverged(replica) else "not ended", f"{replica.step:,}", "")
    return outcome.state, f"{outcome.steps:,}", duration(outcome.seconds)


def settings(info: RunInfo) -> str:
    """Versions, device, seeds, what was set on the command line, and the files that were read."""
    rows = [("scenario", info.slug), ("begun", _when(info.created))]
    rows += [("ended", _when(info.ended))] if info.ended is not None else []
    rows += [("took", duration(info.seconds)), ("device", info.device), ("seeds", ", ".join(map(str, info.seeds)))]
    rows += [(f"steps of {variant}", f"{steps:,}") for variant, steps in info.steps.items()]
    rows += [(f"set {path}", str(value)) for path, value in info.overrides.items()]
    rows += [(f"version of {name}", version) for name, version in info.versions.items()]
    # The name only: where it lay is nobody's affair who reads this.
    rows += [(f"file {Path(each.name).name}", f"{each.size:,} bytes, BLAKE2b {each.digest}") for each in info.sources]
    return table((), rows)


def configuration(info: RunInfo, loaded: Loaded | None) -> str:
    """The scenario as it was run, overrides put in; its text as it was if that cannot be done any more."""
    from lab.scenario.writing import in_blocks

    text = info.text
    if loaded is not None and loaded.overrides:
        try:
            text = in_blocks(loaded.content)
        except BadInput:
            text = info.text
    return f"<pre><code>{escape(text)}</code></pre>" if text.strip() else ""


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
