"""Choosing a device, and what a person is told where there is none, or where it fails."""

from __future__ import annotations

import gc
import json
import re
from pathlib import Path

import numpy as np
import pytest

from kernels.targets.cuda import driver
from kernels.targets.cuda.driver_answers import DeviceProblem
from lab.cli import run
from lab.cli.device import device_of
from lab.errors import BadInput, DeviceMissing
from lab.graph.devices import Choice, choose
from tests.cuda.fake_driver import FakeDriver, Status
from tests.cuda.needs import needs_compiler

CALLS = [["run", "dead-relu", "--steps", "2"], ["verify", "elu"], ["sweep", "dead-relu", "--trials", "2"]]


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:1"])
@pytest.mark.parametrize("arguments", CALLS, ids=lambda each: each[0])
def test_without_a_gpu_one_sentence_and_exit_code_3(arguments, device, install, capsys):
    install("There is no NVIDIA driver on this machine (libcuda was not found).")
    assert run([*arguments, "--device", device]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.strip().endswith("There is no NVIDIA driver on this machine (libcuda was not found).")
    assert len(shown.err.strip().splitlines()) == 1
    assert run(["runs", "--json"]) == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if line.strip() not in ("", "[]")]


def test_auto_falls_back_and_says_why(install, capsys):
    install("There is no NVIDIA driver on this machine (libcuda was not found).")
    assert run(["run", "dead-relu", "--steps", "2", "--variant", "good", "--device", "auto", "--no-save"]) in (0, 1)
    shown = capsys.readouterr()
    assert "On the CPU: There is no NVIDIA driver" in shown.err
    assert "on cpu" in shown.out


@pytest.mark.parametrize("device", ["cuda:x", "cuda:", "cuda:-1", "gpu", "", "CUDA"])
def test_words_that_name_no_device(device, capsys):
    assert run(["run", "dead-relu", "--device", device]) == 2
    assert "allowed: cpu, cuda, cuda:0" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_mode_that_does_not_exist(command, capsys):
    assert run([command, "dead-relu", "--cuda-mode", "foo"]) == 2
    assert "There is no --cuda-mode 'foo'; allowed: auto, block, grid, specialized." in capsys.readouterr().err


def test_a_mode_that_is_called_otherwise_now_is_refused_with_its_name(capsys):
    assert run(["run", "dead-relu", "--cuda-mode", "written"]) == 2
    assert "--cuda-mode written is called specialized now." in capsys.readouterr().err


def test_all_gpus_or_one(install):
    install(FakeDriver(3))
    assert choose("cuda") == choose("auto") == Choice(("cuda:0", "cuda:1", "cuda:2"))
    assert choose("cuda:2") == Choice(("cuda:2",))
    assert choose("cpu") == Choice(("cpu",))
    with pytest.raises(DeviceMissing, match="There is no cuda:3 here; there are cuda:0 to cuda:2"):
        choose("cuda:3")
    with pytest.raises(BadInput):
        choose("cuda:one")


def test_a_gpu_that_cannot_be_used_is_left_out_of_several(install, capsys):
    fake = install(FakeDriver(3))
    fake.busy = {1}
    taken = choose("cuda")
    assert taken.devices == choose("auto").devices == ("cuda:0", "cuda:2")
    assert "another process has it for itself" in taken.reason
    device_of("cuda")
    assert capsys.readouterr().err == f"Not on all GPUs: {taken.reason}\n"
    with pytest.raises(DeviceMissing, match="another process has it for itself"):
        choose("cuda:1")
    out = doctor(capsys)
    assert out.count("another process has it for itself") == 1
    assert "--device auto uses cuda:0, cuda:2" in out


def status(**fails: Status) -> FakeDriver:
    made = FakeDriver()
    made.fails = fails
    return made


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (status(cuInit=Status.CUDA_ERROR_NO_DEVICE), "sees no GPU"),
        (FakeDriver(0), "sees no GPU"),
        (status(cuInit=Status.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH), "SYSTEM_DRIVER_MISMATCH; .* restart the machine"),
        (status(cuDevicePrimaryCtxRetain=Status.CUDA_ERROR_DEVICE_UNAVAILABLE), "another process has it for itself"),
        (status(cuDevicePrimaryCtxRetain=Status.CUDA_ERROR_OUT_OF_MEMORY), "memory is full"),
        (FakeDriver(COMPUTE_CAPABILITY_MAJOR=6), "Imagined GPU has compute capability 6.0"),
        (FakeDriver(version=12040), r"up to 12\.4, and the compiler is that of CUDA 13: update the driver, or pip"),
        (FakeDriver(version=11080), r"up to 11\.8, and the compiler is that of CUDA 13: update the driver\.$"),
    ],
)
def test_drivers_that_cannot_be_used(fake, words, install):
    install(fake)
    with pytest.raises(DeviceMissing, match=words) as caught:
        choose("cuda")
    assert "\n" not in str(caught.value)
    fallen = choose("auto")
    assert fallen.devices == ("cpu",)
    assert fallen.reason == str(caught.value)


def test_hidden_devices_are_named(install, monkeypatch):
    install(status(cuInit=Status.CUDA_ERROR_NO_DEVICE))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with pytest.raises(DeviceMissing, match="CUDA_VISIBLE_DEVICES is '-1'"):
        choose("cuda")


@needs_compiler
def test_memory_that_the_device_does_not_have(install):
    from kernels.targets.cuda import memory

    fake = install(FakeDriver())
    fake.memory = 1000
    with pytest.raises(DeviceProblem, match=r"The GPU's memory is full: fewer replicas at once"):
        memory.Memory(1000, np.zeros(1, "float32"))
    gc.collect()
    driver.device(0).allocate(16)
    assert list(fake.taken.values()) == [16]  # what was taken before is given back


def test_a_device_that_is_lost_is_named(install):
    fake = install(FakeDriver())
    on = driver.device(0)
    fake.fails["cuStreamSynchronize"] = Status.CUDA_ERROR_LAUNCH_FAILED
    with pytest.raises(DeviceProblem, match="was lost to this process"):
        on.wait()


# lab doctor


def doctor(capsys, *arguments: str) -> str:
    assert run(["doctor", *arguments]) == 0
    return capsys.readouterr().out


def test_doctor_names_driver_devices_and_choice(install, capsys):
    install(FakeDriver(2))
    out = doctor(capsys)
    assert "for CUDA up to 13.0" in out
    assert "cuda:0 Imagined GPU, compute capability 9.0, 132 multiprocessors, 80.0 of 80.0 GiB free" in out
    assert "cuda:1 Imagined GPU" in out
    assert "--device auto uses cuda:0, cuda:1" in out
    found = json.loads(doctor(capsys, "--json"))["gpu"]
    assert found["driver"]["cuda"] == "13.0"
    assert [each["number"] for each in found["devices"]] == [0, 1]
    assert found["devices"][0]["capability"] == "9.0"
    assert found["devices"][0]["free"] == found["devices"][0]["memory"] == 80 * 1024**3
    assert found["auto"] == ["cuda:0", "cuda:1"]
    assert found["problem"] is None


def test_doctor_says_what_is_missing(install, capsys, monkeypatch):
    monkeypatch.setattr("lab.bench.gpus._versions", dict)
    install(f"Running on a GPU needs numba-cuda, which is not installed: {driver.INSTALL}.")
    out = doctor(capsys)
    assert out.count("pip install 'backprop-lab[cuda]'") == 1
    assert "no toolkit is installed" in out
    assert "--device auto uses cpu" in out
    found = json.loads(doctor(capsys, "--json"))["gpu"]
    assert found["driver"] is None
    assert found["devices"] == []
    assert "pip install" in found["install"]


def test_doctor_names_the_problem_of_a_device(install, capsys):
    install(FakeDriver(COMPUTE_CAPABILITY_MAJOR=6))
    out = doctor(capsys)
    assert "cuda:0 Imagined GPU has compute capability 6.0; 7.5 or newer is needed." in out
    assert "--device auto uses cpu" in out


def test_doctor_names_a_driver_that_is_too_old(install, capsys):
    install(FakeDriver(version=12040))
    assert "update the driver, or pip install 'backprop-lab[cuda12]'" in doctor(capsys)


def test_the_driver_has_a_version_of_its_own(tmp_path):
    from lab.bench.gpus import _own_version

    told = (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build  (root@host)  \nGCC version"
    )
    (tmp_path / "version").write_text(told)
    assert _own_version(tmp_path / "version") == "580.82.07"
    assert _own_version(tmp_path / "nowhere") is None


def test_one_module_imports_numba_cuda():
    kernels = Path(driver.__file__).parents[2]
    importing = re.compile(r'^\s*(from|import) numba\.cuda|import_module\(f?"numba\.cuda', re.MULTILINE)
    found = {path.name for path in kernels.rglob("*.py") if importing.search(path.read_text(encoding="utf-8"))}
    assert found == {"numba_cuda.py"}
