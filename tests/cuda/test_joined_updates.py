"""Adam at the end of the products whose results are gradients: where that is done, and that it changes no bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.jobs import Job, ReplicaPrograms
from kernels.language import Kernel
from kernels.matrix import dense, dense_parameter_gradients
from kernels.metrics import halt_if_not_finite
from kernels.optimizers import adam, add_l2, decay_weights
from kernels.plan import ARENA, SHARED, STEP, Loop, Plan, Row
from kernels.relu import relu
from kernels.targets.cuda import matmul as products
from kernels.targets.cuda import specialized_kernels
from kernels.targets.cuda.drawn_ahead import ADAM_CORRECTED, drawn_ahead
from kernels.targets.cuda.joined_updates import FAR, KEPT, NEAR, with_updates_joined
from kernels.targets.cuda.matmul_updates import MULTIPLY_AND_UPDATE
from kernels.targets.cuda.specialized_source import SpecializedPlan
from lab.graph.devices import new_memory, on, settle
from lab.graph.running import run_jobs, specialize
from tests.cuda.ptx_gpu import machine
from tests.ptx_machine.block import backwards

pytestmark = pytest.mark.cuda
RATE, BETA_1, BETA_2, EPSILON = ((ARENA, 16 * index) for index in range(4))


def aligned(size: int) -> int:
    return -(-size // 16) * 16


class Net:
    """Two layers of sizes D, H and C for batches of B examples, trained to give zeros.

    at: where tensors stand in the arena, by name; gradients and moments as the parameters
    """

    def __init__(self, d: int, h: int, c: int, b: int) -> None:
        self.sizes = (d, h, c, b)
        self.at: dict[str, int] = {}
        end = 64
        for part in ("", "g ", "m ", "s "):
            for name, size in (("W1", d * h), ("b1", h), ("W2", h * c), ("b2", c)):
                self.at[part + name] = end
                end = aligned(end + size)
        self.stored = end
        for name, size in (
            ("hidden", b * h),
            ("out", b * c),
            ("d hidden", b * h),
            ("finite", 1),
            ("other", h * max(d, c)),
        ):
            self.at[name] = end
            end = aligned(end + size)
        self.end = end

    def __getitem__(self, name: str) -> tuple[int, int]:
        return ARENA, self.at[name]

    def forward(self) -> list[Row]:
        d, h, c, b = self.sizes
        first = Row(dense_relu, ((SHARED, 0), self["W1"], self["b1"], self["hidden"]), (b, d, h), ())
        return [first, Row(dense, (self["hidden"], self["W2"], self["b2"], self["out"]), (b, h, c), ())]

    def gradient(self, layer: int) -> Row:
        d, h, c, b = self.sizes
        given = ((SHARED, 0), self["d hidden"]) if layer == 1 else (self["hidden"], self["out"])
        places = (*given, self[f"g W{layer}"], self[f"g b{layer}"])
        return Row(dense_parameter_gradients, places, (b, *((d, h) if layer == 1 else (h, c))), ())

    def back(self) -> Row:
        _, h, c, b = self.sizes
        places = (self["out"], self["W2"], self["hidden"], self["d hidden"])
        return Row(dense_relu_gradient, places, (b, c, h), ())

    def update(self, corrected: int = 1) -> Row:
        size = self.at["g W1"] - self.at["W1"]
        places = (self["g W1"], RATE, BETA_1, BETA_2, EPSILON, self["W1"], self["m W1"], self["s W1"])
        return Row(adam, places, (size,), (corrected,))

    def step(self) -> list[Row]:
        return [*self.forward(), self.gradient(2), self.back(), self.gradient(1), self.update()]

    def on_gradient(self, kernel: Kernel, name: str) -> Row:
        """A row that changes the gradient of some parameters."""
        size = self.size(name)
        return Row(kernel, (self[name], RATE, self[f"g {name}"]), (size,), ())

    def size(self, name: str) -> int:
        d, h, c, _ = self.sizes
        return {"W1": d * h, "b1": h, "W2": h * c, "b2": c}[name]


SMALL = Net(5, 7, 3, 6)


def joined(rows: list[Row | Loop], gradients: str = FAR, threads: int = 64) -> tuple[Row | Loop, ...]:
    lowered = [products.lowered(each) if isinstance(each, Row) else each for each in rows]
    return with_updates_joined(drawn_ahead(lowered, SMALL.stored)[1], threads, gradients)


def updates(rows: tuple[Row | Loop, ...]) -> list[str]:
    names = {MULTIPLY_AND_UPDATE: "joined", ADAM_CORRECTED: "alone"}
    return ["" if isinstance(each, Loop) else names.get(each.kernel, "") for each in rows]


def test_an_update_stands_behind_all_that_reads_the_parameters():
    rows = joined(SMALL.step())
    assert [each.kernel.name for each in rows] == ["multiply_matrices"] * 3 + ["multiply_and_update"] * 2
    last, first = rows[3:]
    assert last.operands[7:] == tuple(
        SMALL[name] for name in ("g W2", "g b2", "W2", "m W2", "s W2", "b2", "m b2", "s b2")
    )
    assert first.operands[:2] == ((SHARED, 0), SMALL["d hidden"])
    assert first.integers == products.lowered(SMALL.gradient(1)).integers


def test_what_is_not_joined_is_updated_without_the_gaps_between_parameters():
    step = [each for each in SMALL.step() if each != SMALL.gradient(2)]
    *_, left = joined(step)
    assert left.kernel is ADAM_CORRECTED
    assert left.extents == (SMALL.at["m W1"] - SMALL.at["g W2"],)
    assert left.operands[0] == SMALL["g W2"]
    assert left.operands[6:] == tuple(SMALL[name] for name in ("W2", "m W2", "s W2"))


HALT = Row(halt_if_not_finite, (SMALL["out"], SMALL["finite"]), (1,), ())
PROBE = Row(relu, (SMALL["g W2"], SMALL["other"]), (SMALL.size("W2"),), ())
DECAY = Row(decay_weights, (RATE, EPSILON, SMALL["W2"]), (SMALL.size("W2"),), ())
CHANGED_RATE = Row(relu, (SMALL["b1"], RATE), (1,), ())
GONE = (Row(relu, (SMALL["b1"], SMALL["hidden"]), (3,), ()),)


def inserted(place: int, *rows: Row | Loop) -> list[Row | Loop]:
    """The step with rows in front of the one with a number."""
    step = SMALL.step()
    return [*step[:place], *rows, *step[place:]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(inserted(5, PROBE), ["joined", "alone"], id="somebody reads a gradient"),
        pytest.param(inserted(0, PROBE), ["joined", "alone"], id="somebody reads that of the step before"),
        pytest.param(
            inserted(5, Loop((replace(PROBE, extents=(1,)),), ((1, 1),), 5)), ["joined", "alone"], id="in a loop"
        ),
        pytest.param(inserted(5, SMALL.on_gradient(add_l2, "W1")), ["joined", "alone"], id="a penalty is added"),
        pytest.param(
            inserted(5, SMALL.gradient(2)), ["joined", "alone"], id="weights are shared: two rows have to do with it"
        ),
        pytest.param(inserted(5, CHANGED_RATE), ["joined", "joined"], id="the rate changes before"),
        pytest.param(inserted(5, *GONE, CHANGED_RATE), ["joined", "alone"], id="what a product reads is gone by then"),
        pytest.param(inserted(5, *GONE, DECAY), ["joined", "alone"], id="so that weights decay too late"),
        pytest.param(inserted(5, DECAY), ["joined", "joined"], id="weights decay before"),
        pytest.param(inserted(5, HALT), ["alone"], id="it may halt later"),
        pytest.param([*SMALL.step()[:-1], SMALL.update(0)], [], id="without corrections"),
        pytest.param(inserted(2, HALT), ["joined", "joined"], id="it may halt before"),
    ],
)
def test_it_is_done_only_where_it_makes_no_difference(rows, expected):
    assert [each for each in updates(joined(rows)) if each] == expected


def test_it_is_done_where_it_pays():
    """What is small is spread over too few threads, unless it spares the GPU's memory."""
    assert set(updates(joined(SMALL.step(), KEPT))) == {"", "alone"}
    assert set(updates(joined(SMALL.step(), NEAR))) == {"", "alone"}
    for sizes, expected in (((64, 128, 10, 64), ["joined", "joined"]), ((784, 512, 10, 128), ["joined", "alone"])):
        assert [each for each in updates(joined(Net(*sizes).step(), NEAR, 256)) if each] == expected


def trained(net: Net, joins: bool, remember: Plan | None = None, **made: Any) -> tuple[np.ndarray, list[Any], int]:
    """All that is stored after launches of a few steps, what was measured on the way, and how many updates are joined.

    The loss and the gradient of a bias are measured in every second step."""
    plan = Plan(tuple(net.step()), net.end, aligned(net.sizes[0] * net.sizes[3]), stored=net.stored)
    random = np.random.default_rng(5)
    data = random.normal(0, 1, plan.shared).astype(np.float32)
    look = Plan((Row(relu, (net["g b1"], net["other"]), (net.sizes[1],), ()),), net.end, plan.shared)
    programs = ReplicaPrograms(plan, remember, look, kept=net.stored)
    found, made_for = [], []
    chosen, gradients = specialized_kernels._specialized_plans, specialized_kernels._gradients

    def plans(*given: Any) -> list[SpecializedPlan]:
        made = chosen(*given)
        made_for.append((made[0], given[-1]))
        return made

    with (
        mock.patch.object(specialized_kernels, "_specialized_plans", plans),
        mock.patch.object(specialized_kernels, "_gradients", gradients if joins else lambda *_: KEPT),
        machine(**made),
        on("cuda:0", "block", specialized=True),
    ):
        memory = new_memory(plan.arena, data, 7)
        settle(memory, plan)
        for (_, place), number in zip((RATE, BETA_1, BETA_2, EPSILON), (0.1, 0.9, 0.999, 1e-8), strict=True):
            memory.arena[place] = number
        for name in ("W1", "b1", "W2", "b2"):
            memory.arena[net.at[name] :][: net.size(name)] = random.normal(0, 0.3, net.size(name))
        specialize([programs], 1, "cuda:0")
        for steps in (3, 1):
            job = Job(memory, programs, steps, every=2, statistics=(net.at["other"], net.sizes[1], 1))
            run_jobs([job])
            found += job.measured
        assert memory.state[STEP] == 4
        ((step, threads),) = made_for
        return memory.arena[: net.stored].copy(), found, updates(step.pieces(threads)[1]).count("joined")


@pytest.mark.parametrize(
    ("net", "made", "expected"),
    [
        pytest.param(SMALL, {"shared_bytes": 2304}, 2, id="at the edges of small tiles"),
        pytest.param(Net(4, 32, 16, 8), {"shared_bytes": 2304}, 2, id="four at once"),
        pytest.param(
            Net(65, 66, 70, 6), {"order": backwards, "shared_bytes": 65536}, 2, id="at the edges of large tiles"
        ),
    ],
)
def test_it_changes_no_bit(net, made, expected):
    """Nor any that is seen on the way: the gradients are there when somebody looks."""
    there, measured, count = trained(net, True, **made)
    alone, measured_alone, none = trained(net, False, **made)
    assert (count, none) == (expected, 0)
    np.testing.assert_array_equal(there, alone)
    assert np.abs(there[net.at["g W1"] : net.at["m W1"]]).max() > 0
    assert [step for step, _ in measured] == [2, 3, 4]
    for (_, one), (_, other) in zip(measured, measured_alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_are_kept_for_who_looks_before_a_step():
    net = SMALL
    look = Plan((Row(relu, (net["g b1"], net["other"]), (3,), ()),), net.end, 48)
    assert trained(net, True, look, shared_bytes=2304)[2] == 0
    elsewhere = Plan((Row(relu, (net["b1"], net["other"]), (3,), ()),), net.end, 48)
    assert trained(net, True, elsewhere, shared_bytes=2304)[2] == 2
