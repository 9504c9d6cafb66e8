"""What the system says of free memory, and what a control group leaves of it."""

from __future__ import annotations

import pytest

from lab import free_memory

GIB = 2**30


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "CGROUP", tmp_path)
    monkeypatch.setattr(free_memory, "OWN_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(free_memory.sys, "platform", "linux")
    return tmp_path


def limited(folder, limit="memory.max", used="memory.current", most=str(GIB), files="inactive_file"):
    folder.mkdir(exist_ok=True)
    (folder / limit).write_text(f"{most}\n")
    (folder / used).write_text(f"{GIB // 2}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{files} {GIB // 4}\n")


def test_where_nobody_says_nothing_is_known():
    assert free_memory.free_memory() is None


def test_what_the_kernel_calls_available(machine):
    (machine / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    2097152 kB\n")
    assert free_memory.free_memory() == 2 * GIB


@pytest.mark.parametrize("version", [1, 2])
def test_a_control_group_leaves_less(machine, version):
    (machine / "meminfo").write_text("MemAvailable: 2097152 kB\n")
    if version == 2:
        limited(machine)
    else:
        limited(machine / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", files="total_inactive_file")
    assert free_memory.free_memory() == GIB * 3 // 4


def test_a_group_without_a_limit_changes_nothing(machine):
    (machine / "meminfo").write_text("MemAvailable: 2097152 kB\n")
    limited(machine, most="max")
    assert free_memory.free_memory() == 2 * GIB


def test_the_limit_of_a_batch_job_stands_at_its_own_group(machine):
    (machine / "meminfo").write_text("MemAvailable: 2097152 kB\n")
    (machine / "groups").write_text("0::/jobs/17/step\n")
    limited(machine, most="max")
    (machine / "jobs" / "17" / "step").mkdir(parents=True)
    limited(machine / "jobs" / "17")
    limited(machine / "jobs" / "17" / "step", most="max")
    assert free_memory.free_memory() == GIB - GIB // 2 + GIB // 4
