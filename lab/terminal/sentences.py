"""The sentences that every reporter says in the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lab.events import Claimed, Ended, Started
from lab.terminal.metric_words import words
from lab.terminal.numbers import count, duration, short
from lab.terminal.run_state import Replica, RunState

FIRST_START = "Kernels are compiled for this processor, once; what is compiled is kept for later runs."


def heading(started: Started) -> str:
    """What is about to run: "3 variants × 3 seeds, 2,000 steps each, on cpu"."""
    steps = sorted(set(started.steps.values()))
    each = " each" if len(started.variants) * len(started.seeds) > 1 else ""
    epochs = {started.epochs.get(variant, (0, 0.0))[0] for variant in started.variants}
    if len(epochs) == 1 and (number := epochs.pop()):
        each = f" ({count(number, 'epoch')}){each}"
    if len(steps) > 1:
        length = f"{steps[0]:,} to {steps[-1]:,} steps{each}"
    else:
        length = count(steps[0], "step") + each if steps else "no steps"
    runs = f"{count(len(started.variants), 'variant')} × {count(len(started.seeds), 'seed')}"
    return f"{runs}, {length}, on {started.device}"


def reached(run_state: RunState, variant: str, step: int) -> str:
    """How far a variant is at a step: "step 120 of 800", or "epoch 3 of 20 · step 120 of 800" where its length is said
    in epochs."""
    steps = run_state.steps(variant)
    if not steps:
        return f"step {step:,}"
    told = f"step {step:>{len(f'{steps:,}')},} of {steps:,}"
    epoch = epoch_of(run_state, variant, step)
    return f"{epoch} · {told}" if epoch else told


def epoch_of(run_state: RunState, variant: str, step: int) -> str:
    """ "epoch 3 of 20", where the variant's length is said in epochs; else ""."""
    epochs, each = run_state.epochs(variant)
    if not epochs:
        return ""
    # A batch may end one epoch and begin the next: it is counted where its first example is.
    now = min(epochs, 1 + int(max(0, step - 1) / each + 1e-9))
    return f"epoch {now:>{len(f'{epochs:,}')},} of {epochs:,}"


def held(claim: Claimed) -> str:
    """How a claim fared: "held on 3 of 3 seeds", "fell short on 1 of 3 seeds"."""
    number = len(claim.seeds)
    if claim.undecided:
        return f"undecided: not so yet on {number - sum(claim.seeds.values())} of {count(number, 'seed')}"
    if claim.held:
        return f"held on {sum(claim.seeds.values())} of {count(number, 'seed')}"
    return f"fell short on {number - sum(claim.seeds.values())} of {count(number, 'seed')}"


def evidence(claim: Claimed, most: int = 3) -> list[str]:
    """The numbers behind a claim, seed by seed: those where it fell short first, at most `most` of them."""
    seeds = sorted(claim.evidence, key=lambda seed: (claim.seeds.get(seed, False), seed))
    lines = [f"seed {seed}: {claim.evidence[seed]}" for seed in seeds[:most]]
    if len(seeds) > most:
        lines.append(f"and {count(len(seeds) - most, 'more seed')}")
    return lines


def other_settings(claim: Claimed) -> str:
    """That a claim speaks of other settings or lengths than those that were run: "" if it does not."""
    told = [with_settings(claim.changed)] if claim.changed else []
    lengths: dict[tuple[int, int], list[str]] = {}
    for variant, each in claim.steps.items():
        lengths.setdefault(each, []).append(variant)
    for (done, whole), variants in lengths.items():
        after = f"after {done:,} of {whole:,} steps" if done < whole else f"after {done:,} steps instead of {whole:,}"
        told.append(after if len(lengths) == 1 else f"{after} of {', '.join(variants)}")
    return f"judged {', '.join(told)}; the claim is about the scenario's own" if told else ""


def with_settings(changed: Mapping[str, Any]) -> str:
    """What was set from outside, value by dotted path: "with optimizer.rate = 0.5"; "" if nothing was."""
    return f"with {', '.join(f'{path} = {_value(value)}' for path, value in changed.items())}" if changed else ""


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def divergence(replica: Replica) -> str:
    """Where and why a replica stopped: "hot, seed 0, stopped at step 340: the loss is NaN"."""
    return f"{replica.variant}, seed {replica.seed}, stopped at step {replica.diverged_at or 0:,}: {replica.diverged}"


def divergences(run_state: RunState) -> list[str]:
    """One sentence for each replica that diverged."""
    told: list[str] = []
    for variant in run_state.variants:
        for replica in run_state.of(variant):
            if replica.diverged is not None:
                told.append(divergence(replica))
            elif replica.outcome is not None and replica.outcome.state == "diverged":
                why = replica.outcome.message or "a number was no longer finite"
                told.append(f"{variant}, seed {replica.seed}, stopped at step {replica.outcome.steps:,}: {why}")
    return told


def changed(run_state: RunState) -> str:
    """That variants of which claims speak had other settings than the scenario's: "" if none had."""
    claimed = " ".join(claim.that for claim in run_state.claims)
    concerned = [each for each in run_state.changes if re.search(rf"\b{re.escape(each.variant)}\.", claimed)]
    latest = {(each.variant, each.name): each for each in concerned}
    if not latest:
        return ""
    told = [f"{each.name} of {each.variant} to {short(each.value)} at step {each.step:,}" for each in latest.values()]
    more = f" and {count(len(told) - 3, 'more')}" if len(told) > 3 else ""
    return f"Settings were changed while it ran ({', '.join(told[:3])}{more}): the claims are about the scenario's own."


def values(run_state: RunState, variant: str, most: int = 4) -> str:
    """The watched metrics of a variant as last measured: "loss 0.31, accuracy 0.9 (mean of 3 seeds)".

    Seeds that diverged are left out of the means while any other goes on, and the text says so.
    """
    told: list[str] = []
    for metric in run_state.metrics:
        measured = run_state.latest(variant, metric)
        if measured and len(told) < most:
            told.append(f"{words(metric)} {short(sum(measured) / len(measured))}")
    replicas = run_state.of(variant)
    stopped = sum(replica.diverged is not None for replica in replicas)
    if not told or len(replicas) < 2:
        return ", ".join(told)
    if 0 < stopped < len(replicas):
        return f"{', '.join(told)} (mean of {count(len(replicas) - stopped, 'seed')}; {stopped} diverged)"
    return f"{', '.join(told)} (mean of {len(replicas)} seeds)"


def ending(ended: Ended) -> str:
    """The last line: "2 of 3 claims held, after 4.2 s" or that the run was interrupted."""
    took = duration(ended.seconds)
    if ended.interrupted:
        reached = sum(outcome.steps for outcome in ended.outcomes)
        return f"Interrupted after {took} and {count(reached, 'step')}"
    if ended.claims == 0:
        return f"Done after {took}; there were no claims to judge"
    return f"{verdict(ended)}, after {took}"


def verdict(ended: Ended) -> str:
    """How the claims fared, without the time that it took: "2 of 3 claims held"."""
    if ended.claims == 0:
        return "Done; there were no claims to judge"
    return f"{ended.claims_held} of {count(ended.claims, 'claim')} held"


def kept(started: Started, ended: Ended | None = None, unsaved: str = "", screens: bool = False) -> str:
    """Where the run was saved, and what can be done with it, by commands or on the screens; or why it was not."""
    if unsaved := (ended.unsaved if ended is not None else "") or unsaved:
        return f"The run was not saved: {unsaved}"
    if started.run is None:
        return "The run was not saved"
    if screens:
        more = ", evaluates it with new examples" if started.read and started.predicts else ""
        return f"Saved as {started.run}: the list of kept runs shows it again{more}, compares and exports it"
    if ended is not None and ended.interrupted:
        return f"Saved as {started.run}: go on with `lab resume {started.run}`"
    again = f"Saved as {started.run}: see it again with `lab replay {started.run}`"
    diverged = ended is not None and all(each.state == "diverged" for each in ended.outcomes)
    if started.read and started.predicts and not diverged:  # data of one's own
        again += f", judge it with `lab evaluate {started.run}`, ask it with `lab predict {started.run} FILE`"
    if started.writes:
        again += f", let it write with `lab sample {started.run}`"
    return again
