"""A picture of every kind, ordinary ones and awkward ones."""

import numpy as np

from lab.pictures import (
    Bars,
    Cells,
    Curves,
    Diagram,
    Field,
    Histograms,
    Images,
    Network,
    Passages,
    Regions,
    Scatter,
    Table,
    Units,
)  # fmt: skip

_random = np.random.default_rng(0)
_nothing = np.zeros(0, dtype=np.float32)
_plane = (-1.0, 1.0, -1.0, 1.0)
_points = _random.normal(size=(50, 2)).astype(np.float32)

GATES = Diagram(
    "gates",
    (
        ("w0", "w0", "2.00", "-0.20"), ("x0", "x0", "-1.00", "0.39"), ("w1", "w1", "-3.00", "-0.39"),
        ("x1", "x1", "-2.00", "-0.59"), ("m0", "*", "-2.00", "0.20"), ("m1", "*", "6.00", "0.20"),
        ("sum", "+", "4.00", "0.20"), ("out", "sigmoid", "0.98", "1.00"),
    ),
    (("w0", "m0"), ("x0", "m0"), ("w1", "m1"), ("x1", "m1"), ("m0", "sum"), ("m1", "sum"), ("sum", "out")),
)  # fmt: skip

ORDINARY = [
    Curves("gallery", np.linspace(-4, 4, 100), {"tanh": np.tanh(np.linspace(-4, 4, 100)), "zero": np.zeros(100)}, "x"),
    Bars("time", {"relu": 0.4, "sigmoid": 1.2, "tanh": 1.9}, unit="ns"),
    Histograms("activations", np.linspace(-1, 1, 21), {"layer 1": np.arange(20), "layer 2": np.ones(20)}),
    Field("weights", _random.normal(size=(8, 16)), diverging=True),
    Field("surface", _random.random((20, 20)), extent=_plane, paths={"sgd": _points * 0.3}, x_label="w1", y_label="w2"),
    Regions("regions", _random.integers(0, 3, (20, 30)), _random.random((20, 30)), _plane, _points, np.arange(50) % 3),
    Scatter("embedding", {"zero": _points, "one": _points + 3}, {"axis": np.array([[0.0, 0], [3, 3]])}, "pc1"),
    Images("digits", _random.random((12, 8, 8)), tuple(f"is {index}" for index in range(12))),
    Images("photographs", _random.random((3, 16, 24, 3))),
    Units("units", {"dense1": np.arange(64.0), "dense2": np.arange(200.0)},
          {"dense1": np.arange(64) % 3 == 0, "dense2": np.zeros(200, dtype=bool)}),
    GATES,
    Network("net", {"input": 2, "dense1": 3}, {"dense1": _random.normal(size=(2, 3))},
            {"dense1": np.zeros((2, 3))}, whole={"dense1": 30}),
    Passages("text", {"unit 1": "To be, or\nnot to be", "unit 2": "that"},
             {"unit 1": np.linspace(-1, 1, 19), "unit 2": np.zeros(4)}),
    Cells("values", np.array([[0.5, -0.25, np.nan], [1.0, np.nan, 0.0]]), (("→", "↑→", "+1"), ("↓", "", "·")),
          _random.normal(size=(2, 3, 4)), diverging=True, note="13 steps"),
    Table("cost", ("layer", "shape", "parameters"), (("dense1", "64×128", "8,320"), ("relu1", "128", "0"))),
]  # fmt: skip

AWKWARD = [
    Curves("", _nothing, {}),
    Curves("gaps", np.arange(4.0), {"a": np.array([np.nan, np.inf, -1e38, 1e38])}, log_x=True, log_y=True),
    Bars("none", {}),
    Bars("signed", {"loss": -2.0, "gain": 3.5, "lost": np.nan, "none": 0.0, "endless": np.inf}, log=False),
    Bars("logarithmic", {"a": 1e-9, "b": 1e9, "c": 0.0, "d": -1.0}, log=True),
    Bars("many", {f"a rather long name {index}": index for index in range(300)}),
    Histograms("none", np.array([0.0]), {}),
    Histograms("flat", np.full(5, 2.0), {"a": np.zeros(4)}),
    Histograms("many", np.linspace(0, 1, 500), {f"layer {index}": np.ones(499) for index in range(100)}),
    Field("none", np.zeros((0, 0))),
    Field("constant", np.full((3, 3), 7.0)),
    Field("gaps", np.array([[np.nan, np.inf], [-np.inf, 0.0]]), extent=(1.0, 1.0, np.nan, 2.0)),
    Field("huge", np.array([[1e38, -1e38]]), extent=_plane, paths={"a": _points[:0], "b": np.full((2, 2), np.nan)}),
    Regions("none", np.zeros((0, 0), dtype=int), np.zeros((0, 0)), _plane, np.zeros((0, 2)), np.zeros(0, dtype=int)),
    Regions("many classes", np.arange(100).reshape(10, 10), np.full((10, 10), np.nan), _plane,
            np.array([[np.nan, 0], [5, 5], [0, 0]]), np.array([1, 2, 99])),
    Scatter("none", {}),
    Scatter("one", {"only": np.array([[3.0, 3.0]])}),
    Scatter("gaps", {"a": np.array([[np.nan, 1], [np.inf, 2], [1, 1]]), "b": np.zeros((0, 2))}),
    Images("none", np.zeros((0, 8, 8))),
    Images("wide", np.full((1, 2, 300), np.nan), ("a caption\nwith 日本 in it",)),
    Images("many", _random.random((500, 28, 28))),
    Units("none", {}, {}),
    Units("silent", {"dense1": np.zeros(3)}, {}),
    Units("wide", {f"layer{index}": np.full(3000, np.nan) for index in range(50)}, {}),
    Passages("none", {}, {}),
    Passages("awkward", {"a\nb": "日本\t\n\n\n" * 30, "": "", **{f"unit {index}": "x" * 99 for index in range(40)}},
             {"a\nb": np.full(180, np.nan), "": _nothing,
              **{f"unit {index}": np.full(99, np.inf) for index in range(40)}}),
    Cells("none", np.zeros((0, 0)), ()),
    Cells("gaps", np.array([[np.nan, np.inf], [-np.inf, 1e38]]), (("", "日本語"), ("a\x1b[31m", "")), low=0.0),
    Cells("many", _random.random((40, 40)), (("←",) * 40,) * 40),
    Diagram("none", (), ()),
    Diagram("circle", (("a", "a", "", ""), ("b", "b", "", "")), (("a", "b"), ("b", "a"), ("a", "a"), ("a", "gone"))),
    Diagram("wide", tuple((str(index), f"node {index}", "1.0", "2.0") for index in range(40)),
            tuple((str(index), str(index + 1)) for index in range(39))),
    Network("none", {}, {}, {}),
    Network("gaps", {"input": 1, "dense1": 2}, {"dense1": np.array([[np.nan, np.inf]])}, {}),
    Network("wide", {f"layer {n}": 40 for n in range(30)}, {f"layer {n}": np.ones((40, 40)) for n in range(1, 30)}, {}),
    Table("none", (), ()),
    Table("ragged\x1b[31m", ("a",), (("1", "2", "3"), (), ("日本語のテキスト" * 10,))),
]  # fmt: skip
