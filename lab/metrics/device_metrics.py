"""All device metrics of one network together: one measuring program, one reading of its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels.arrays import copy
from lab.graph import Layout, Tensor, assign
from lab.graph.tensor import ALIGNMENT, Storage, call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, load_device_metrics


class DeviceMetrics:
    """The device metrics that a list of watched metrics asks for.

    metrics:  full names of what is measured, in the order in which it is watched
    program:  what the measuring program computes;  remember: what runs before the last step of each chunk
    """

    def __init__(self, watch: Sequence[str]) -> None:
        self.watch = tuple(watch)
        self.metrics: tuple[str, ...] = ()
        self.program: list[Any] = []
        self.remember: list[Any] = []
        self.kept = Storage("statistics")
        self._watched: list[DeviceMetric] = []
        self._arrays: list[str] = []

    def keep(self, name: str, tensor: Tensor) -> None:
        """See `MeasuredNetwork.keep`."""
        self.program.append(assign(tensor, self.kept.member(name, (1,))))

    def keep_all(self, name: str, tensor: Tensor) -> None:
        """See `MeasuredNetwork.keep_all`."""
        self.program.append(assign(tensor, self.kept.member(name, tensor.shape)))
        self._arrays.append(name)

    def copy_before_step(self, source: Tensor, target: Tensor) -> None:
        """See `MeasuredNetwork.remember`."""
        self.remember.append(assign(call(copy, source).result, target))

    def build(self, network: MeasuredNetwork) -> None:
        """Let every device metric that is wanted add to the programs."""
        wanted = set(self.watch)
        names: list[str] = []
        for kind in load_device_metrics():
            if network.kind in kind.target_kinds and wanted & set(kind.meanings):
                metric = kind()
                names += [each for each in metric.build(network) if each.split(".")[0] in wanted]
                self._watched.append(metric)
        order = {name: index for index, name in enumerate(self.watch)}
        self.metrics = tuple(sorted(names, key=lambda name: order[name.split(".")[0]]))

    def values_of(self, layout: Layout, numbers: np.ndarray, first: int, step: int) -> Values:
        """Every watched metric by full name, from the arena or a stretch of it whose first element is number `first`;
        empty if nothing is kept."""
        if not layout.knows(self.kept.whole):
            return {}
        begin, size = layout.stretch(self.kept)
        return self.values(numbers[begin - first : begin - first + size], step)

    def values(self, kept: np.ndarray, step: int) -> Values:
        """Every watched metric by full name, from what the measuring program has left in `self.kept`."""
        if self._arrays:
            members, arrays = self.kept.members, {}
            for name in self._arrays:
                tensor = members[name]
                arrays[name] = kept[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)
            values = {name: float(kept[each.offset]) for name, each in members.items() if name not in arrays}
            for metric in self._watched:
                metric.arrays = arrays
        else:
            # Each number stands alone at the beginning of its cache line.
            values = dict(zip(self.kept.members, kept[::ALIGNMENT].tolist(), strict=True))
        for metric in self._watched:
            metric.finish(values, step)
        return {name: values[name] for name in self.metrics if name in values}
