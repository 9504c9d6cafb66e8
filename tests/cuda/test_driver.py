"""What is asked of the driver, and in which order: contexts, streams, memory that is given back, graphs."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from kernels.targets.cuda import driver
from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.memory import Memory, Segment
from tests.cuda.fake_driver import FakeDriver, Status


def in_a_thread(function) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_each_call_is_for_the_gpu_that_it_is_made_of(install):
    """A context is a GPU's number here; a thread that goes from one GPU to the next and back has both."""
    fake = install(FakeDriver(2))
    gpus = [driver.device(0), driver.device(1)]
    for number in (0, 1, 0, 0, 1):
        gpus[number].allocate(16)
        assert fake.calls[-1][:2] == ("cuMemAlloc", number)


def test_an_upload_is_there_for_every_stream_when_it_returns(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    on.use_stream(1)
    on.upload(on.allocate(64), np.zeros(16, "float32"))
    (copied, _, stream), (waited, _, of) = fake.calls[-2:]
    assert (copied, waited) == ("cuMemcpyHtoDAsync", "cuStreamSynchronize")
    assert stream == of == 2


def test_each_thread_has_a_stream_of_its_own_choice(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    on.use_stream(1)
    in_a_thread(lambda: on.download(np.zeros(16), 256))
    assert [(name, handle) for name, _, handle in fake.calls] == [("cuMemcpyDtoHAsync", 1), ("cuStreamSynchronize", 1)]
    assert on.stream == 2


def test_memory_is_given_back_when_nothing_runs(install):
    """Not by whoever cleans up, which may be another GPU's thread, or one that is recording a graph."""
    fake = install(FakeDriver(2))
    on, other = driver.device(0), driver.device(1)
    on.use_stream(1)
    segments = [Segment(on, 64), Segment(on, 64)]
    other.allocate(16)
    fake.calls.clear()
    segments.clear()
    assert fake.calls == []
    other.allocate(16)
    assert [name for name, _, _ in fake.calls] == ["cuMemAlloc"]
    fake.calls.clear()
    on.allocate(16)
    assert [(name, context) for name, context, _ in fake.calls] == [
        ("cuStreamQuery", 0),
        ("cuStreamQuery", 0),
        ("cuMemFree", 0),
        ("cuMemFree", 0),
        ("cuMemAlloc", 0),
    ]


def test_nobody_waits_for_what_runs_to_give_a_little_memory_back(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    segment = Segment(on, 64)
    fake.fails["cuStreamQuery"] = Status.CUDA_ERROR_NOT_READY
    del segment
    on.allocate(16)
    assert "cuMemFree" not in [name for name, _, _ in fake.calls]
    del fake.fails["cuStreamQuery"]
    on.allocate(16)
    assert [name for name, _, _ in fake.calls].count("cuMemFree") == 1
    assert "cuStreamSynchronize" not in [name for name, _, _ in fake.calls]


@pytest.mark.parametrize("size", [driver.MOST_UNUSED + 1, 900])
def test_what_runs_is_waited_for_where_much_or_all_memory_is_unused(install, size):
    fake = install(FakeDriver())
    fake.memory = 1000 if size == 900 else fake.memory
    on = driver.device(0)
    segment = Segment(on, size)
    fake.fails["cuStreamQuery"] = Status.CUDA_ERROR_NOT_READY
    del segment
    on.allocate(size)
    names = [name for name, _, _ in fake.calls]
    assert names.index("cuStreamSynchronize") < names.index("cuMemFree")


def test_memory_that_cannot_be_given_back_is_named(install):
    """What stands behind it is given back later."""
    fake = install(FakeDriver())
    on = driver.device(0)
    segments = [Segment(on, 64), Segment(on, 64)]
    fake.fails["cuMemFree"] = Status.CUDA_ERROR_LAUNCH_FAILED
    segments.clear()
    with pytest.raises(DeviceProblem, match="was lost to this process"):
        on.allocate(16)
    fake.fails.clear()
    on.allocate(16)
    assert len(fake.taken) == 1


def test_a_kernel_that_nobody_holds_is_unloaded(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    first, second = on.load(b"code", "entry"), on.load(b"code", "entry")
    assert second.module == 2
    del first
    on.allocate(16)
    assert [handle for name, _, handle in fake.calls if name == "cuModuleUnload"] == [1]


def test_memory_that_only_a_circle_holds_is_as_good_as_free(install):
    fake = install(FakeDriver())
    fake.memory = 1000
    on = driver.device(0)
    circle: list = [Segment(on, 900)]
    circle.append(circle)
    gc.disable()
    try:
        del circle
        on.allocate(900)
    finally:
        gc.enable()
    assert list(fake.taken.values()) == [900]


def test_a_lost_device_is_named_by_whatever_is_asked_next(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    segment = Segment(on, 64)
    fake.fails["cuStreamSynchronize"] = fake.fails["cuMemFree"] = Status.CUDA_ERROR_LAUNCH_FAILED
    del segment
    for asked in (lambda: on.allocate(16), lambda: on.upload(256, np.zeros(4)), on.wait):
        with pytest.raises(DeviceProblem, match="was lost to this process"):
            asked()


def launch_on(on) -> None:
    on.launch(driver.Function(None, None), 1, (32, 1), 0, ())


def test_a_graph_is_recorded_apart_and_given_back(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    graph = on.captured(lambda: launch_on(on))
    recorded = [(name, handle) for name, _, handle in fake.calls]
    assert recorded == [
        ("cuStreamBeginCapture", 2),
        ("cuLaunchKernel", 2),
        ("cuStreamEndCapture", 2),
        ("cuStreamDestroy", 2),
        ("cuGraphInstantiate", "graph"),
        ("cuGraphDestroy", "graph"),
    ]
    assert on.stream == 1
    on.free_graph(graph)
    on.allocate(16)
    assert ("cuGraphExecDestroy", 0, "made graph") in fake.calls


def test_what_fails_while_a_graph_is_recorded_is_what_is_told(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    fake.fails["cuLaunchKernel"] = Status.CUDA_ERROR_LAUNCH_FAILED
    fake.fails["cuStreamEndCapture"] = Status.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
    with pytest.raises(DeviceProblem, match="was lost to this process"):
        on.captured(lambda: launch_on(on))
    assert [name for name, _, _ in fake.calls][-2:] == ["cuStreamEndCapture", "cuStreamDestroy"]
    assert on.stream == 1


def test_a_graph_that_is_not_needed_after_all_is_given_back(install):
    fake = install(FakeDriver())
    on = driver.device(0)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on.captured(stop)
    assert [name for name, _, _ in fake.calls][-3:] == ["cuStreamEndCapture", "cuGraphDestroy", "cuStreamDestroy"]


def test_replicas_with_the_same_data_have_it_on_the_gpu_once(install):
    install(FakeDriver(2))
    data = np.zeros(1000, "float32")
    first, second, other = (Memory(10, each, seed) for seed, each in enumerate((data, data, data.copy())))
    assert first.addresses[1] == second.addresses[1] != other.addresses[1]
    assert Memory(10, data, 0, 1).addresses[1] != first.addresses[1]
