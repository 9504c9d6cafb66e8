"""The figures of the run screen, each through a real pseudo-terminal: `python -m tests.benchmarks.tui_figures`.

Two replicas train on two cores. Latency is from the key that is written to the bytes that answer it; throughput is
compared by turns (`tests.benchmarks.turns`); the interface's processor time is that of all threads but the two that
train; bytes are those that reach the terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from lab.tui.progress import FILE_NAME, Progress
from tests.benchmarks import turns

SCENARIO = """
title: Two nets
task: classify
data: {{name: spiral, classes: 3, points: 300, noise: 0.2}}
model: [{{dense: 64}}, relu, {{dense: 64}}, relu, {{dense: classes}}]
optimizer: {{name: sgd, rate: 0.1, momentum: 0.9}}
train: {{batch: 100, steps: {steps}, measure: {measure}, seed: 0}}
watch: [loss, accuracy, grad_norm, dead_relu]
variants: {{calm: {{}}, brisk: {{optimizer.rate: 0.2}}}}
"""
SMALL = SCENARIO.replace("batch: 100", "batch: 4").replace(
    "[{{dense: 64}}, relu, {{dense: 64}}, relu", "[{{dense: 4}}, relu"
)
ANSWERS = (b"Changes concern every variant", b"Changes concern the variant looked at")


# The processes that are measured


def child_plain(path: str, out: str) -> None:
    """Train with plain lines, as `lab run --plain --no-save` does, until somebody ends it."""
    from lab.cli.running import carry_out
    from lab.scenario import load
    from lab.session import Session
    from lab.terminal import reporter

    session = Session(load(path))
    turns.publish(session, Path(out))
    with open(os.devnull, "w") as nowhere:
        carry_out(session, reporter("plain", session.loaded, stream=nowhere), None, lossless=False)


def child_screen(path: str, out: str, stay: bool) -> None:
    """Train with the run screen open; leaves by itself at the end unless it is to stay."""
    import threading

    from lab.scenario import load
    from lab.terminal.capabilities import detect
    from lab.tui.app import LabApp
    from lab.tui.run.screen import RunScreen

    page = os.sysconf("SC_PAGE_SIZE")

    def memory() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    def interface_seconds() -> float:
        trainers = {each.native_id for each in threading.enumerate() if each.name.startswith("replica-")}
        total = 0
        for task in Path("/proc/self/task").iterdir():
            if int(task.name) not in trainers:
                with contextlib.suppress(OSError):
                    fields = (task / "stat").read_text().rpartition(")")[2].split()
                    total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    class App(LabApp):
        def on_ready(self) -> None:
            self.run_screen = RunScreen(load(path), keep=False)
            self.push_screen(self.run_screen, lambda outcome: self.exit())
            self.begun: tuple[float, float, int, int] | None = None
            self.samples: list[int] = []
            self.set_interval(0.25, self.look)

        def look(self) -> None:
            session = self.run_screen.session
            steps = sum(each.experiment.step for each in session.replicas if each.experiment is not None)
            if self.begun is None:
                if steps:
                    if stay and Path(out).exists():
                        turns.publish(session, Path(out))
                    self.begun = (time.monotonic(), interface_seconds(), steps, memory())
                return
            self.samples.append(memory())
            if session.finished and not stay:
                now, used, _, first = self.begun
                wall = time.monotonic() - now
                figures = {
                    "interface": (interface_seconds() - used) / wall,
                    "wall": wall,
                    "frames": self.run_screen.frames / wall,
                    "memory": [first, max(self.samples), self.samples[len(self.samples) // 20]],
                    "measured": sum(len(session.history.curve(n, 0, "loss")[0]) for n in ("calm", "brisk")),
                }
                Path(out).write_text(json.dumps(figures))
                self.exit()

    App(capabilities=detect(sys.__stderr__)).run()  # type: ignore[arg-type]  # there is a terminal


# The other end of the terminal


class Terminal:
    """A child process on a pseudo-terminal of a size; counts what it writes."""

    def __init__(self, width: int, height: int, *arguments: str, module: str = "tests.benchmarks.tui_figures") -> None:
        self.process, self.master = -1, -1
        process, master = pty.fork()
        if process == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
        self.process, self.master = process, master
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.kill(process, signal.SIGWINCH)
        self.received = 0

    def read(self, seconds: float) -> bytes:
        """What comes within a time; b"" at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return b""
        self.received += len(data)
        return data

    def until(self, wanted: bytes, seconds: float) -> float:
        """Seconds until bytes come that contain something."""
        begun, seen = time.perf_counter(), b""
        while time.perf_counter() - begun < seconds:
            seen = seen[-4096:] + self.read(0.05)
            if wanted in seen:
                return time.perf_counter() - begun
        raise TimeoutError(f"{wanted!r} did not come: {seen[-2000:]!r}")

    def over(self) -> bool:
        """Whether the process has ended."""
        if self.process > 0 and os.waitpid(self.process, os.WNOHANG)[0]:
            self.process = -1
        return self.process < 0

    def close(self) -> None:
        """End the process, and wait for it."""
        if not self.over():
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.master)


@contextlib.contextmanager
def on_terminal(width: int, height: int, *arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(width, height, *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


def train_on_screen(folder: Path, text: str, width: int, height: int) -> tuple[dict, float]:
    """One training with the run screen open: its figures, and bytes per second to the terminal."""
    path, out = folder / "two.yaml", folder / "out.json"
    path.write_text(text)
    out.unlink(missing_ok=True)
    with on_terminal(width, height, "--child", "screen", str(path), str(out)) as terminal:
        terminal.until(b"steps/s", 120)  # both train, and the first screen is painted
        before, begun = terminal.received, time.monotonic()
        while not terminal.over():
            terminal.read(0.2)
        rate = (terminal.received - before) / (time.monotonic() - begun)
    return json.loads(out.read_text()), rate


def throughput(folder: Path, pairs: int, seconds: float) -> None:
    """Print how fast the training is with the run screen, compared with plain lines, and what the interface uses."""
    path, plain, screen = folder / "two.yaml", folder / "plain.steps", folder / "screen.steps"
    path.write_text(SCENARIO.format(steps=100_000_000, measure=20))
    turns.Player.prepare(plain)
    turns.Player.prepare(screen)
    command = [sys.executable, "-m", "tests.benchmarks.tui_figures", "--child", "plain", str(path), str(plain)]
    alone = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        first = turns.Player(alone.pid, plain, time.sleep)
        first.begin()
        with on_terminal(120, 40, "--child", "screen", str(path), str(screen), "--stay") as terminal:
            second = turns.Player(terminal.process, screen, terminal.read)
            second.begin()
            found = turns.ratios(first, second, pairs, seconds)
    finally:
        alone.kill()
        alone.wait()
    shares = [after.rate / before.rate for before, after in found]
    low, middle, high = statistics.quantiles(shares, n=4)
    interface = statistics.median(after.interface for _, after in found)
    rate = statistics.median(before.rate for before, _ in found)
    print(f"throughput with the run screen: {middle:.1%} of --plain ({low:.1%} to {high:.1%} in half of {pairs} pairs)")
    print(f"  --plain: {rate:,.0f} steps/s; processor time of the interface: {interface:.1%} of a core", flush=True)


def latencies(folder: Path, keys: int) -> list[float]:
    """Seconds from each key to its answer, while two replicas train."""
    path = folder / "two.yaml"
    path.write_text(SCENARIO.format(steps=10_000_000, measure=20))
    found = []
    with on_terminal(120, 40, "--child", "screen", str(path), str(folder / "none"), "--stay") as terminal:
        terminal.until(b"steps/s", 60)
        for _ in range(20):
            terminal.read(0.1)
        for number in range(keys):
            # Not in step with the frames.
            pause = time.perf_counter() + 0.05 + 0.013 * (number % 17)
            while time.perf_counter() < pause:
                terminal.read(0.01)
            os.write(terminal.master, b"A")
            found.append(terminal.until(ANSWERS[number % 2], 10))
    return found


def starts(folder: Path, number: int) -> list[tuple[float, float]]:
    """Seconds from the command `lab tui` to its first screen, the lessons, and to the answer to a key pressed then.

    The first start is left out: it reads the program's files from the disk.
    """
    os.environ |= {"LAB_HOME": str(folder), "LAB_CONFIG": str(folder / "settings.yaml")}
    Progress(folder / FILE_NAME).end_tour()
    found = []
    for _ in range(number + 1):
        begun = time.perf_counter()
        terminal = Terminal(120, 40, "tui", module="lab")
        try:
            terminal.until(b"to search", 60)
            painted = time.perf_counter() - begun
            os.write(terminal.master, b"?")
            terminal.until(b"On this screen", 60)
            found.append((painted, time.perf_counter() - begun))
        finally:
            terminal.close()
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=3, metavar=("KIND", "PATH", "OUT"))
    parser.add_argument("--stay", action="store_true")
    parser.add_argument("--only", default="starts,latency,throughput,bytes,memory")
    parser.add_argument("--steps", type=int, default=150_000)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--measured", type=int, default=1_000_000)
    chosen = parser.parse_args()
    if chosen.child:
        kind, path, out = chosen.child
        child_plain(path, out) if kind == "plain" else child_screen(path, out, chosen.stay)
        return
    wanted = chosen.only.split(",")
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The machine is busy (load {load:.1f}): the figures say little about the lab.", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = SCENARIO.format(steps=chosen.steps, measure=20)
        if "starts" in wanted:
            first, answered = zip(*starts(folder / "home", chosen.starts), strict=True)
            print(
                f"first screen: median {statistics.median(first):.2f} s, slowest {max(first):.2f} s; "
                f"first key answered: median {statistics.median(answered):.2f} s, slowest {max(answered):.2f} s",
                flush=True,
            )
        if "latency" in wanted:
            times = sorted(latencies(folder, chosen.keys))
            last = times[min(len(times) - 1, int(0.99 * len(times)))]
            print(
                f"key to answer: median {statistics.median(times) * 1e3:.0f} ms, 99th {last * 1e3:.0f} ms", flush=True
            )
        if "throughput" in wanted:
            throughput(folder, chosen.pairs, chosen.seconds)
        if "bytes" in wanted:
            figures, rate = train_on_screen(folder, text, 80, 24)
            print(f"bytes to the terminal at 80×24: {rate / 1e3:.1f} kB/s over {figures['wall']:.0f} s", flush=True)
        if "memory" in wanted:
            steps = chosen.measured // 2
            figures, _ = train_on_screen(folder, SMALL.format(steps=steps, measure=1), 120, 40)
            first, most, early = figures["memory"]
            print(
                f"memory after {2 * steps:,} measured steps: {(most - first) / 2**20:+.0f} MB over the start, "
                f"{(most - early) / 2**20:+.0f} MB over a twentieth of the run ({figures['wall']:.0f} s)"
            )


if __name__ == "__main__":
    main()
