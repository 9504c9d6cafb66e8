"""What was measured, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lab.bench.image_nets import ImageNet
from lab.bench.nets import Net
from lab.bench.race import NetResults
from lab.bench.sessions import Comparison
from lab.bench.starts import Start

MEBI = 1024**2
COUNTED = " (its operations are counted as the direct form of convolution has them)"


def machine_lines(
    machine: dict[str, Any], blas: dict[str, Any] | None, pinned: str | None, core: int | None
) -> list[str]:
    """Return the lines that say where this was measured, and how cores were shared out."""
    lines = [f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"]
    if blas is not None:
        lines.append(f"BLAS: {blas['library']} {blas['version']}, kernels for {blas['kernels']}")
    where = f"all on core {core}" if core is not None else "by their own settings: this system binds none to a core"
    lines.append(f"Contestants take turns, one thread each, {where}; medians; ratios are the medians of the rounds'.")
    if pinned is not None:
        lines.append(
            f"OPENBLAS_CORETYPE is set to {pinned} here. It was taken away for what follows; with it, the lab's own "
            "runs use the kernels of that processor, and may be slower."
        )
    return lines


def net_lines(found: NetResults) -> list[str]:
    """Return a table of the contestants, and the lab's speed beside what the machine can do."""
    from lab.cli.columns import aligned

    many = found.net.replicas > 1
    rows = [("", "µs per step of all" if many else "µs per step", "lab / this", "version")]
    for each in found.results:
        ratio = "" if each.title == "lab" else f"{each.ratio:.3f} = 1/{1 / each.ratio:.3g}"
        rows.append((each.title, f"{each.seconds * 1e6:,.2f}", ratio, each.version))
    lines = [found.net.title, *(f"  {line}" for line in aligned(rows, right=(1,)))]
    share = found.speed / found.limit
    lines.append(
        f"  lab: {found.speed / 1e9:.1f} GFLOP/s, {share:.0%} of the {found.limit / 1e9:.0f} GFLOP/s at which this "
        f"machine multiplies large matrices{COUNTED if isinstance(found.net, ImageNet) else ''}"
    )
    if many:
        lines.append(f"  lab: {found.net.replicas / found.results[0].seconds:,.0f} steps per second over all replicas")
    lines += [f"  {name}: {reason}" for name, reason in found.absent.items()]
    return lines


def replica_line(found: Comparison, threads: int) -> str:
    """Return a line that says how many times as fast several threads are as one."""
    return f"{found.title} on {threads} threads: {found.ratio:.2f} × the throughput of one thread"


def share_line(found: Comparison) -> str:
    """Return a line that says which share of a run's time something takes, such as measuring."""
    return f"{found.title}: {found.share:.1%} of the run's processor time"


def start_lines(found: Sequence[Start]) -> list[str]:
    """Return the lines with seconds and memory of whole processes."""
    from lab.cli.columns import aligned

    rows = [("", "seconds", "MiB at most")]
    for each in found:
        memory = "?" if each.memory is None else f"{each.memory / MEBI:.0f}"
        rows.append((each.title, f"{each.seconds:.2f}", memory))
    return ["Whole processes", *(f"  {line}" for line in aligned(rows, right=(1, 2)))]


def net_json(found: NetResults) -> dict[str, Any]:
    """Return one net with all its contestants, as JSON can hold it; speeds are in operations per second."""
    return {
        "net": list(found.net.sizes) if isinstance(found.net, Net) else found.net.name,
        "batch": found.net.batch,
        "optimizer": found.net.optimizer,
        "results": [
            {
                "title": each.title,
                "version": each.version,
                "microseconds": each.seconds * 1e6,
                "ratio": each.ratio,
                "rounds": each.rounds,
            }
            for each in found.results
        ],
        "speed": found.speed,
        "limit": found.limit,
        "absent": dict(found.absent),
    }


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON can hold it, with the share that it comes to."""
    return {**asdict(found), "share": found.share}
