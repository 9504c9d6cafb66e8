"""Plans of many rows of few kinds: code for each kind once, and a table."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import ReplicaPrograms
from kernels.plan import Loop
from kernels.targets.cuda import interpreter_kernels, launch_configuration, specialized_kernels, tabled_rows
from kernels.targets.cuda.barriers import may_leave_out
from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.launch_configuration import analysis_of
from kernels.targets.cuda.row_table import LOOP
from kernels.targets.cuda.specialized_kernels import Made
from kernels.targets.cuda.specialized_source import SpecializedPlan, SpecializedSource
from kernels.targets.cuda.tabled_rows import LEFT_OUT, MEETS, TabledRows, tabled
from lab.graph.devices import on, settle
from lab.graph.running import specialize
from lab.scenario import Loaded
from lab.tasks import task_of
from lab.tasks.side_by_side import advance_together
from tests.cuda.ptx_gpu import machine
from tests.cuda.simulated.training import alike, finished, loaded
from tests.cuda.test_compiled_training import net, stepped
from tests.graph.unrolled import Unrolled
from tests.ptx_machine.block import shuffled
from tests.session.scenarios import small

pytestmark = pytest.mark.cuda


@pytest.fixture
def always(monkeypatch) -> None:
    """However few rows there are, they are written by their kinds."""
    monkeypatch.setattr(tabled_rows, "worth", lambda *_: True)


def deep(layers: int) -> Loaded:
    """A network of so many equal layers behind the first one."""
    model = [{"dense": 8}, "relu"] * (1 + layers) + [{"dense": "classes"}]
    return small(overrides={"model": model, "data.points": 12, "train.batch": 4})


def step_of(scenario: Loaded, variant: int = 0) -> SpecializedPlan:
    first = scenario.variants[variant].scenario
    (programs,) = task_of(first).build(first, 0, scenario.folder).replica_programs()
    return SpecializedPlan(analysis_of(programs.plan).specialized, (), programs.plan.stored)


def written(plan: SpecializedPlan) -> TabledRows:
    made = TabledRows(SpecializedSource("float32", 64))
    made.add(plan)
    return made


def trained(scenario: Loaded, steps: int) -> list[np.ndarray]:
    """What three thread groups have after so many steps of code that was made for them."""
    with machine(shuffled(5)), on("cuda:0", "block", 3, specialized=True):
        replicas: list[Any] = [stepped(scenario, seed) for seed in range(3)]
        specialize(replicas[0].replica_programs(), 3, "cuda:0")
        with mock.patch.object(interpreter_kernels, "InterpreterKernel", side_effect=AssertionError("interpreted")):
            advance_together([(each, steps) for each in replicas], [2] * 3)
        return [each.memory.arena[: each.layout.kept].copy() for each in replicas]


def test_bits_are_those_of_rows_one_after_the_other(monkeypatch):
    scenario, _ = net("adam")
    right = trained(scenario, 5)
    monkeypatch.setattr(tabled_rows, "worth", lambda *_: True)
    with mock.patch.object(specialized_kernels.text, "specialized_kernel", side_effect=AssertionError("one by one")):
        np.testing.assert_array_equal(trained(scenario, 5), right)


@pytest.mark.parametrize("name", ["stochastic-depth", "dead-relu"])
def test_a_training_is_that_of_the_cpu(name, always):
    """In stochastic-depth rows are left out."""
    scenario, options = loaded(name)
    with machine(shuffled(3)):
        there = finished(scenario, "cuda", "specialized", **options)
    alike(there, finished(scenario, "cpu", **options))


def test_loops_are_walked(always):
    made = Unrolled(6)
    with machine(shuffled(1)), on("cuda:0", "block", 1, specialized=True):
        memory = made.memory()
        settle(memory, made.plan)
        specialize([ReplicaPrograms(made.plan)], 1, "cuda:0")
        with mock.patch.object(interpreter_kernels, "InterpreterKernel", side_effect=AssertionError("interpreted")):
            found = made.run(made.plan, memory=memory)
    np.testing.assert_allclose(found, made.run(made.plan), rtol=1e-5, atol=1e-6)


def test_networks_of_any_depth_have_as_much_code():
    """One row alone is another: that which updates all parameters."""
    shallow, much_deeper = step_of(deep(3)), step_of(deep(30))
    found = Made((much_deeper,), "float32", 64).tabled
    assert found is not None
    assert len(found.kinds) == len(written(shallow).kinds)
    assert len(found.kinds.keys() - written(shallow).kinds.keys()) == 1


def test_a_table_is_made_where_the_run_is_too_short_to_pay_for_more_code():
    """It pays where reading the table takes as long, in the whole run, as compiling the rows that are no new kind."""
    plan = step_of(deep(3))
    rows, kinds = len(plan.rows), len(written(plan).kinds)
    even = (rows - kinds) * tabled_rows.WRITTEN_SECONDS / (rows * tabled_rows.READ_SECONDS)
    assert Made((plan,), "float32", 64, 0.9 * even).tabled is not None
    assert Made((plan,), "float32", 64, 1.1 * even).tabled is None
    assert Made((plan,), "float32", 64).tabled is None


def test_rows_that_are_all_of_another_kind_are_written_out():
    assert not tabled_rows.worth(200, 200, 0)


def test_where_operands_are_makes_no_other_code():
    plan = step_of(deep(30))
    further = SpecializedPlan(tuple(_far(row, 64) for row in plan.rows), (), plan.stored)
    first, second = (Made((each,), "float32", 64) for each in (plan, further))
    assert first.key((9, 0)) == second.key((9, 0))
    assert (first.lines(0, 20) != second.lines(0, 20)).any()


def test_more_rounds_of_a_loop_take_no_more_lines():
    plans = [SpecializedPlan(analysis_of(Unrolled(steps).plan).specialized, ()) for steps in (8, 50)]
    few, many = (written(each).tables[0] for each in plans)
    assert len(few) == len(many)
    assert [line[0] for line in many].count(LOOP) == sum(isinstance(each, Loop) for each in plans[1].rows) > 0


def test_threads_meet_only_where_they_must():
    lines = written(step_of(deep(3))).tables[0]
    meeting = [line[MEETS] for line in lines]
    assert meeting[-1]
    assert 0 < sum(meeting) < len(lines)


def test_lines_that_may_be_left_out_are_those_of_as_many_rows():
    scenario, options = loaded("stochastic-depth")
    plan = step_of(scenario, [each.name for each in scenario.variants].index(*options["variants"]))
    wanted = [each for row in plan.rows if (each := may_leave_out(row))]
    assert [line[LEFT_OUT] for line in written(plan).tables[0] if line[LEFT_OUT]] == wanted != []


def test_many_rows_are_counted_by_their_kinds():
    scenario = deep(80).variants[0].scenario
    programs = task_of(scenario).build(scenario, 0, deep(80).folder).replica_programs()
    rows = sum(len(plan.shortest) for each in programs for plan in each.plans)
    assert rows > launch_configuration.MOST_SPECIALIZED_ROWS
    assert launch_configuration.rows_to_write(programs) < 40
    assert launch_configuration.worth_specializing(programs, 1, "specialized")


def test_what_a_gpu_cannot_count_is_refused(always):
    plan = step_of(deep(1))
    far = SpecializedPlan(tuple(_far(row, 2**31) for row in plan.rows), ())
    with pytest.raises(DeviceProblem, match="is too large for a GPU"):
        tabled([far], "float32", 64)


def _far(row: Any, elements: int) -> Any:
    """A row whose operands are so many elements further on."""
    operands = tuple((segment, offset + elements) for segment, offset in row.operands)
    return type(row)(row.kernel, operands, row.extents, row.integers, row.label)
