"""`lab bench`: how fast the lab is here, beside the libraries that are installed."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.cli.device import device_of

PARTS = ("nets", "convolution", "sequences", "replicas", "metrics", "plots", "starts")


def command(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="[PART]...",
            help="nets, convolution, sequences, replicas, metrics, plots, starts; default: all.",
        ),
    ] = [],  # noqa: B006 - Typer copies it
    net: Annotated[
        list[str],
        typer.Option(
            help="Only this net: small, middle, large, conv, lenet5, normed, resnet14, rnn, lstm, gru, char-rnn. "
            "Repeatable."
        ),
    ] = [],  # noqa: B006
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="How often everybody has a turn.")] = 9,
    device: Annotated[
        str, typer.Option(help="cpu, or cuda: many small nets, and a large one, on the first GPU.")
    ] = "cpu",
    peers: Annotated[bool, typer.Option(help="Compare with PyTorch and JAX, where they are installed.")] = True,
    scale: Annotated[float, typer.Option(min=0.001, max=100, help="Length of the whole runs, 1: a second each.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: seconds, bytes, operations per second.")] = False,
) -> None:
    """Speed of the lab: beside peers that are installed, of several threads, of measuring, of plots, of starting.

    Everybody trains the same nets on one core, in rounds, each in a process of its own: three perceptrons, four
    convolutional nets, and four recurrent ones. All of it takes many minutes; `lab bench nets --rounds 3` is quicker.
    """
    from lab.bench.image_nets import IMAGE_NETS
    from lab.bench.machine import machine, pinned
    from lab.bench.nets import NETS
    from lab.bench.race import core
    from lab.bench.sequence_nets import SEQUENCE_NETS
    from lab.errors import BadInput, nearest

    for each, known, what in [
        *((part, PARTS, "part") for part in parts),
        *((name, {**NETS, **IMAGE_NETS, **SEQUENCE_NETS}, "net") for name in net),
    ]:
        if each not in known:
            raise BadInput(f"There is no {what} {each!r}: {nearest(each, known)}.")
    wanted = tuple(dict.fromkeys(parts)) or PARTS
    bench = _Bench(as_json)
    if device == "cpu" and not parts and not net:
        print("All parts take many minutes; `lab bench nets --rounds 3` is quicker.", file=sys.stderr)
    if device != "cpu":
        if device_of(device).devices[0] != "cuda:0":
            raise BadInput("lab bench uses the first GPU; choose another one with CUDA_VISIBLE_DEVICES.")
        on_gpu: dict[str, Any] = {"machine": machine(), "gpu": bench.gpu_name()}
        with tempfile.TemporaryDirectory(prefix="lab-bench-") as folder:
            bench.on_a_gpu(Path(folder), net, wanted, rounds, peers, on_gpu)
        if as_json:
            print(json.dumps(on_gpu, indent=2, ensure_ascii=False))
        return
    found: dict[str, Any] = {"machine": machine(), "pinned": pinned(), "core": core()}
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as folder:
        if set(wanted) - {"starts"}:
            bench.whole_runs(Path(folder), wanted, rounds, scale, found)
        for part, known in (("nets", NETS), ("convolution", IMAGE_NETS), ("sequences", SEQUENCE_NETS)):
            chosen = [known[name] for name in net or known if name in known]
            if part in wanted and chosen:
                bench.nets(Path(folder), part, chosen, rounds, peers, found)
    if "starts" in wanted:
        bench.starts(max(1, rounds // 3), found)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))


class _Bench:
    """Measures part after part; says what it finds at once, unless all of it is wanted as JSON."""

    def __init__(self, as_json: bool) -> None:
        from lab.terminal import detect
        from lab.terminal.output import Output

        self._quiet = as_json
        self._output = Output(sys.stdout, detect(sys.stdout).unicode)
        self._watched = sys.stderr.isatty()

    def say(self, *lines: str) -> None:
        """Print lines of the report, unless all of it is wanted as JSON."""
        self.progress("")
        if not self._quiet:
            for line in lines:
                self._output.line(line)

    def progress(self, message: str) -> None:
        """Say what is going on, on one line that is drawn over, to somebody who waits."""
        if self._watched:
            sys.stderr.write(f"\r\x1b[K{message}")
            sys.stderr.flush()

    def whole_runs(
        self, folder: Path, parts: tuple[str, ...], rounds: int, scale: float, found: dict[str, Any]
    ) -> None:
        """Measure the machine as a contestant sees it, what threads gain, and what measuring and plots cost."""
        from lab.bench.nets import NETS, write_data
        from lab.bench.race import LAB, Process
        from lab.bench.sessions import Comparison
        from lab.cli import bench_report as report

        own = folder / "runs"
        own.mkdir()
        write_data(own, NETS["middle"])
        process = Process(LAB, own, None)
        try:
            process.hear()
            found["blas"] = process.ask("blas")
            self.say(*report.machine_lines(found["machine"], found["blas"], found["pinned"], found["core"]))
            threads = found["machine"]["cores"]
            questions: dict[str, tuple[dict[str, Any], Callable[[Comparison], str]]] = {
                "replicas": (
                    {"threads": threads, "steps": max(1, round(4000 * scale))},
                    lambda each: report.replica_line(each, threads),
                ),
                "metrics": ({} if scale == 1 else {"steps": max(20, round(2000 * scale))}, report.share_line),
                "plots": ({"steps": max(20, round(20_000 * scale))}, report.share_line),
            }
            for part in (each for each in questions if each in parts):
                details, line = questions[part]
                self.progress(f"measuring {part}")
                measured = Comparison(**process.ask(part, rounds=1 + rounds // 2, **details))
                found[part] = report.comparison_json(measured)
                self.say(line(measured))
        finally:
            process.close()

    def nets(self, folder: Path, part: str, nets: list[Any], rounds: int, peers: bool, found: dict[str, Any]) -> None:
        """Train each net with every contestant, interleaved, and report their speeds."""
        from lab.bench.race import IMAGE_PEERS, PEERS, SEQUENCE_PEERS, race
        from lab.cli import bench_report as report

        found[part] = []
        others = {"nets": PEERS, "convolution": IMAGE_PEERS, "sequences": SEQUENCE_PEERS}[part]
        for each in race(nets, folder, rounds, others if peers else (), self.progress):
            found[part].append(report.net_json(each))
            self.say("", *report.net_lines(each))

    def gpu_name(self) -> str:
        """Return the name of the GPU."""
        from lab.graph.devices import summary

        return summary("cuda:0")

    def on_a_gpu(
        self, folder: Path, nets: list[str], parts: tuple[str, ...], rounds: int, peers: bool, found: dict[str, Any]
    ) -> None:
        """Train each net with every contestant on a GPU, and measure what streaming metrics costs there."""
        from lab.bench.nets import ON_A_GPU
        from lab.bench.race import LAB_ON_A_GPU, PEERS_ON_A_GPU, Process, race
        from lab.cli import bench_report as report

        self.say(found["gpu"], "Contestants take turns; medians; ratios are the medians of the rounds'.")
        if "nets" in parts:
            found["nets"] = []
            chosen = [ON_A_GPU[name] for name in nets or ON_A_GPU if name in ON_A_GPU]
            for each in race(chosen, folder, rounds, PEERS_ON_A_GPU if peers else (), self.progress, gpu=True):
                found["nets"].append(report.net_json(each))
                self.say("", *report.net_lines(each))
        if "metrics" in parts:
            self.progress("measuring metrics")
            process = Process(LAB_ON_A_GPU, folder, None, gpu=True)
            try:
                process.hear()
                found["metrics"] = process.ask("metrics")
                self.say("", f"Metrics of dead-relu every 20 steps, 1,024 replicas: {found['metrics']:.1%} of the time")
            finally:
                process.close()

    def starts(self, rounds: int, found: dict[str, Any]) -> None:
        """Measure how long whole processes take to start, and their memory."""
        from lab.bench.starts import starts
        from lab.cli import bench_report as report

        measured = starts(rounds, self.progress)
        found["starts"] = [{"title": each.title, "seconds": each.seconds, "memory": each.memory} for each in measured]
        self.say("", *report.start_lines(measured))
