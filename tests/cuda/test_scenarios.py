"""Every scenario on a device: with the CPU's kernels behind it, what comes out is what the CPU gives, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

import lab
from kernels.targets.cuda.simulated_device import SimulatedDevice
from lab.graph.running import run_jobs
from lab.scenario import find, library
from lab.tasks import judges_time, side_by_side, task_of
from lab.tasks.stopwatch import Timed

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from tests.cuda.host_device import host_device

SLUGS = [entry.slug for entry in library()]

QUICK = [
    "activation-gallery", "adagrad", "alexnet", "autoencoder", "bag-of-words", "batch-norm", "bptt-truncated",
    "captioning", "causal-mask", "clustering", "deep-dream", "density-estimation", "dqn", "ensemble",
    "exp-is-expensive", "faster-rcnn", "first-filters", "gan", "gradient-check", "gradient-flow", "grokking",
    "hierarchical-softmax", "input-scale-and-gradient", "k-fold", "l2", "latent-arithmetic", "localisation",
    "log-space-search", "lstm", "maxout", "mdp", "multi-label", "multiply-gate", "naive-forecast",
    "normalise-inputs", "off-policy", "pca", "pixel-cnn", "polyak", "pose", "regression-losses", "rnn-shapes",
    "saliency", "segmentation-fcn", "seq2seq-attention", "sliding-window-cost", "snapshot-ensemble",
    "staged-backprop", "style-transfer", "transposed-conv", "unpooling", "vae", "visual-question", "warm-up",
    "zero-init",
]  # fmt: skip
"""Of the lessons with the same task and data, which use a device alike, one of the quickest."""


@pytest.mark.cuda
@pytest.mark.parametrize("slug", QUICK)
def test_first_variant_as_on_the_cpu(slug):
    """Two steps, so that all of them together are quick."""
    compare(slug, 2, [lab.load(find(slug)).variants[0].name])


@pytest.mark.cuda
def test_every_task_with_every_data_set_is_among_the_quick_ones():
    files = {slug: yaml.load(find(slug).read_text(encoding="utf-8"), yaml.CSafeLoader) for slug in SLUGS}
    pairs = {slug: (each["task"], name_of(each.get("data"))) for slug, each in files.items()}
    assert {pairs[slug] for slug in QUICK} == set(pairs.values())
    assert len(QUICK) == len(set(pairs.values()))


def name_of(data: object) -> object:
    return data.get("name") if isinstance(data, dict) else data


@pytest.mark.verify
@pytest.mark.parametrize("slug", SLUGS)
def test_as_on_the_cpu(slug):
    compare(slug, 12, None)


@pytest.mark.cuda
@pytest.mark.parametrize(("slug", "networks"), [("ensemble", 8), ("log-space-search", 40), ("k-fold", 18)])
def test_networks_of_one_replica_share_a_launch(slug, networks, monkeypatch):
    launched = []
    monkeypatch.setattr(side_by_side, "run_jobs", lambda jobs: launched.append(len(jobs)) or run_jobs(jobs))
    with host_device():
        lab.run(slug, device="cuda", seeds=[0], steps=2, variants=[lab.load(find(slug)).variants[0].name])
    assert networks in launched
    assert set(launched) <= {networks, 1}


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("most", "free", "launches"),
    [
        pytest.param(16, 2**30, {16, 8}, id="so many are enough"),
        pytest.param(1024, 2**28, {1}, id="memory is short"),
    ],
)
def test_as_many_networks_share_a_launch_as_are_worth_it_and_fit(most, free, launches, monkeypatch):
    launched, name = [], lab.load(find("log-space-search")).variants[0].name
    monkeypatch.setattr(side_by_side, "MOST", most)
    monkeypatch.setattr(SimulatedDevice, "free_memory", lambda self: free)
    monkeypatch.setattr(side_by_side, "run_jobs", lambda jobs: launched.append(len(jobs)) or run_jobs(jobs))
    with host_device():
        found = lab.run("log-space-search", device="cuda", seeds=[0], steps=1, variants=[name])
    assert set(launched) == launches
    here = lab.run("log-space-search", seeds=[0], steps=1, variants=[name])
    np.testing.assert_array_equal(found.curve(name, "best", seed=0), here.curve(name, "best", seed=0))


def compare(slug: str, steps: int, variants: list[str] | None) -> None:
    here = lab.run(slug, seeds=[0], steps=steps, variants=variants)
    with host_device():
        there = lab.run(slug, device="cuda", seeds=[0], steps=steps, variants=variants)
    assert {each.state for each in there.outcomes} == {each.state for each in here.outcomes}
    assert [each.message for each in there.outcomes] == [each.message for each in here.outcomes]
    loaded = lab.load(find(slug))
    if judges_time(loaded):
        return
    tasks = {each.name: task_of(each.scenario) for each in loaded.variants}
    for variant, seeds in here.curves.items():
        for metric, (at, values) in seeds[0].items():
            if isinstance(tasks[variant].metrics.get(metric), Timed):
                continue
            found, theirs = there.curve(variant, metric, seed=0)
            np.testing.assert_array_equal(found, at)
            np.testing.assert_array_equal(theirs, values, err_msg=f"{variant}.{metric}")
        for name, values in here.weights.get(variant, {}).get(0, {}).items():
            np.testing.assert_array_equal(there.weights[variant][0][name], values)
