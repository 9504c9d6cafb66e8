"""Each format, read back by other means than those that wrote it."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import struct
import sys
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from lab.errors import BadInput, MissingExtra
from lab.exports import FORMATS, export, select
from lab.exports.selection import Selection
from lab.store import Store

from ..store.runs import SEEDS, STEPS, VARIANTS, loss, make


@pytest.fixture
def selection(tmp_path: Path) -> Selection:
    store = Store.open(tmp_path / "home")
    make(store)
    return select(store, "latest")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_csv_holds_every_number(selection: Selection, out: Path) -> None:
    export(selection, "csv", out)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["variant", "seed", "step", "seconds", "loss", "grad_norm.dense1", "accuracy"]
    assert len(rows) == 2 * 2 * 6
    for row in rows:
        wanted = loss(row["variant"], int(row["seed"]), int(row["step"]))
        assert float(row["loss"]) == wanted or (row["loss"] == "nan" and math.isnan(wanted))
        assert (row["accuracy"] == "") == (int(row["step"]) % 40 != 0)


def test_json_holds_settings_curves_and_claims(selection: Selection, out: Path) -> None:
    export(selection, "json", out)
    content = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert content["run"]["name"] == "dead-relu-1"
    assert content["run"]["text"].startswith("title: Dead ReLUs")
    curves = {(each["variant"], each["seed"], each["metric"]): each for each in content["curves"]}
    assert curves["good", 0, "loss"]["values"] == [loss("good", 0, step) for step in range(0, 101, 20)]
    assert curves["hot", 1, "loss"]["values"][-1] == "nan"
    assert curves["good", 1, "accuracy"]["steps"] == [0, 40, 80]
    assert content["claims"][0]["evidence"] == {"0": "0.1 < 1", "1": "0.2 < 1"}


def test_safetensors_of_one_replica_has_the_layers_own_names(selection: Selection, out: Path) -> None:
    export(selection, "safetensors", out)
    assert {name: float(array[0, 0]) for name, array in load_file(out).items()} == {
        "good/0/dense1.weight": 0.0,
        "good/1/dense1.weight": 1.0,
    }
    export(select(selection.store, "latest", ["good"], [1]), "safetensors", out, force=True)
    assert np.array_equal(load_file(out)["dense1.weight"], np.ones((2, 3), np.float32))
    with pytest.raises(BadInput, match="has no final weights"):
        export(select(selection.store, "latest", ["hot"]), "safetensors", out, force=True)


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(message: bytes) -> dict[int, bytes | int]:
    """The fields of a protocol buffer."""
    found: dict[int, bytes | int] = {}
    position = 0

    def varint() -> int:
        nonlocal position
        number = shift = 0
        while True:
            byte = message[position]
            position += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while position < len(message):
        tag = varint()
        if tag & 7 == 0:
            found[tag >> 3] = varint()
            continue
        size = {1: 8, 5: 4}.get(tag & 7) or varint()
        found[tag >> 3] = message[position : position + size]
        position += size
    return found


def test_the_checksum_is_crc32c() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C


def test_tensorboard_files_follow_the_format(selection: Selection, out: Path) -> None:
    export(selection, "tensorboard", out)
    assert sorted(each.name for each in out.iterdir()) == ["good-seed0", "good-seed1", "hot-seed0", "hot-seed1"]
    (path,) = (out / "hot-seed1").iterdir()
    assert path.name.startswith("events.out.tfevents.")
    data, position, events = path.read_bytes(), 0, []
    while position < len(data):
        head = data[position : position + 8]
        (size,) = struct.unpack("<Q", head)
        content = data[position + 12 : position + 12 + size]
        checks = (
            struct.unpack("<I", data[position + 8 : position + 12]),
            struct.unpack("<I", data[position + 12 + size :][:4]),
        )
        assert checks == ((masked(head),), (masked(content),))
        events.append(fields(content))
        position += 16 + size
    assert events[0][3] == b"brain.Event:2"
    scalars: dict[bytes, list[tuple[int, float]]] = {}
    for event in events[1:]:
        summary = event[5]
        assert isinstance(summary, bytes)
        value = fields(summary)[1]
        assert isinstance(value, bytes)
        tag, number = fields(value)[1], fields(value)[2]
        assert isinstance(tag, bytes)
        assert isinstance(number, bytes)
        step = event[2]
        assert isinstance(step, int)
        scalars.setdefault(tag, []).append((step, struct.unpack("<f", number)[0]))
    assert [step for step, _ in scalars[b"loss"]] == list(range(0, STEPS + 1, 20))
    values = np.array([value for _, value in scalars[b"loss"]])
    wanted = np.float32([loss("hot", 1, step) for step in range(0, STEPS + 1, 20)])
    assert np.array_equal(values, wanted, equal_nan=True)
    assert [step for step, _ in scalars[b"accuracy"]] == [0, 40, 80]


def test_tensorboard_steps_of_every_length() -> None:
    from lab.exports.tensorboard import _by_length, _varint

    steps = np.array([0, 1, 127, 128, 16383, 16384, 10**6, 2**31, 2**62, 2**63 - 1])
    written = {}
    for chosen, digits in _by_length(steps):
        written.update(zip(steps[chosen].tolist(), map(bytes, digits), strict=True))
    assert written == {step: _varint(step) for step in steps.tolist()}


def test_svg_shows_title_legend_and_gaps(selection: Selection, out: Path) -> None:
    export(selection, "svg", out)
    document = xml.etree.ElementTree.parse(out).getroot()
    words = [each.text for each in document.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Dead ReLUs", "loss", "accuracy", "a  good", "b  hot", "hot, seed 1: NaN from 60 on"} <= set(words)
    assert "gradient norm of dense1" not in words
    width, height = float(document.attrib["width"]), float(document.attrib["height"])
    lines = list(document.iter("{http://www.w3.org/2000/svg}polyline"))
    points = np.array([pair.split(",") for line in lines for pair in line.attrib["points"].split()], float)
    assert ((points >= 0) & (points <= [width, height])).all()
    curves = [line for line in lines if line.attrib["stroke"] in ("#145fbe", "#8e5818")]
    assert len(curves) == 2 + 4 + 4  # the legend, and a line per replica and metric


def test_svg_keeps_odd_names_well_formed(tmp_path: Path) -> None:
    from lab.events import Measured

    store = Store.open(tmp_path)
    run = store.create("odd", title="</svg> & \x00 <b>", variants=("a<b>&\x07",), seeds=(0,))
    run.write(Measured("a<b>&\x07", 0, 0, {"los<s>": math.inf}))
    run.close("finished")
    export(select(store, "odd"), "svg", tmp_path / "odd.svg")
    words = [each.text or "" for each in xml.etree.ElementTree.parse(tmp_path / "odd.svg").getroot().iter()]
    assert any("</svg> &" in each for each in words)
    assert any("Inf at 0" in each for each in words)


def plot_of(text: str, metric: str) -> list[str]:
    """The lines of the plot of one metric, up to the next blank line."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if f"{line} ".startswith(f"{metric} "))
    return lines[begin : lines.index("", begin) if "" in lines[begin:] else None]


def test_txt_is_a_plot_per_metric(selection: Selection, out: Path) -> None:
    export(selection, "txt", out)
    text = out.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[:2] == ["Dead ReLUs", "dead-relu-1 · seeds 0, 1"]
    assert max(map(len, lines)) == 80
    assert all(line.isprintable() for line in lines)  # no colours, whatever is looking
    assert not any(line.startswith("gradient norm of dense1") for line in lines)
    loss = plot_of(text, "loss")
    assert loss[0] == "loss  mean, lowest, highest of 2 seeds"
    assert "a good  b hot" in loss[1]
    assert "step" in loss[-2]
    assert loss[-1] == "hot, seed 1: NaN from 60 on"
    assert len(loss) == 20 + 1
    assert plot_of(text, "accuracy")[0].startswith("accuracy")


def test_txt_of_chosen_metrics_and_one_seed(selection: Selection, out: Path) -> None:
    export(select(selection.store, "latest", ["hot"], [1], ["grad_norm.dense1", "loss"]), "txt", out)
    text = out.read_text(encoding="utf-8")
    assert "seed 1" in text.splitlines()[1]
    assert "accuracy" not in text
    assert plot_of(text, "gradient norm of dense1")
    assert "hot: NaN from 60 on" in plot_of(text, "loss")[2]


def test_txt_is_ascii_where_the_locale_is(selection: Selection, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    export(selection, "txt", out)
    loss = plot_of(out.read_text(encoding="ascii"), "loss")
    assert sum(line.count("a") for line in loss) > 20
    assert sum(line.count("b") for line in loss) > 20


def test_png_is_a_picture_with_the_variants_colours(selection: Selection, out: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    export(select(selection.store, "latest", metrics=["loss"]), "png", out)
    with image.open(out) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
        assert picture.format == "PNG"
        assert picture.width == 840
    assert {(255, 255, 255), (20, 95, 190), (142, 88, 24)} <= colours


def test_parquet_is_the_table_of_csv(selection: Selection, out: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export(selection, "parquet", out)
    table = parquet.read_table(out).to_pydict()
    assert table["step"] == [*range(0, STEPS + 1, 20)] * len(VARIANTS) * len(SEEDS)
    assert table["accuracy"][:2] == [0.0, None]
    assert math.isnan(table["loss"][-1])


@pytest.mark.parametrize(("name", "module", "extra"), [("parquet", "pyarrow", "parquet"), ("png", "PIL", "picture")])
def test_a_missing_package_is_named_with_its_extra(
    selection: Selection, out: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    for each in [module, *(loaded for loaded in sys.modules if loaded.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, each, None)
    with pytest.raises(MissingExtra, match=rf"backprop-lab\[{extra}\]"):
        export(selection, name, out)
    assert not out.exists()
    assert not list(out.parent.glob(".out*"))


def test_an_unknown_format_is_named_with_the_nearest(selection: Selection, out: Path) -> None:
    with pytest.raises(BadInput, match=r"no format 'safetensor': did you mean safetensors\?"):
        export(selection, "safetensor", out)


def test_nothing_is_overwritten_unasked(selection: Selection, out: Path) -> None:
    out.write_text("precious")
    with pytest.raises(BadInput, match=r"exists already: .* replace it with `--force`"):
        export(selection, "csv", out)
    assert out.read_text() == "precious"
    export(selection, "csv", out, force=True)
    assert out.read_text().startswith("variant,")
    folder = out.parent / "folder"
    folder.mkdir()
    (folder / "precious").write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        export(selection, "tensorboard", folder)
    with pytest.raises(BadInput, match="is a folder: csv writes one file"):
        export(selection, "csv", folder, force=True)
    export(selection, "tensorboard", folder, force=True)
    export(selection, "tensorboard", folder, force=True)
    assert (folder / "precious").read_text() == "precious"
    assert len(list((folder / "good-seed0").iterdir())) == 1


def test_a_place_that_cannot_be_written_is_a_sentence(selection: Selection, out: Path) -> None:
    out.write_text("a file")
    with pytest.raises(BadInput, match="cannot be written: "):
        export(selection, "csv", out / "below.csv")


def test_every_format_is_there_and_names_its_kind() -> None:
    for name in FORMATS:
        assert importlib.util.find_spec(f"lab.exports.{name}") is not None


def test_wrong_names_suggest_the_nearest(selection: Selection, out: Path) -> None:
    store = selection.store
    with pytest.raises(BadInput, match="did you mean csv"):
        export(selection, "cvs", out)
    with pytest.raises(BadInput, match="no variant 'hott': did you mean hot"):
        select(store, "latest", ["hott"])
    with pytest.raises(BadInput, match="no seed 7: allowed: 0, 1"):
        select(store, "latest", seeds=[7])
    with pytest.raises(BadInput, match="not measured 'los': did you mean loss"):
        export(select(store, "latest", metrics=["los"]), "csv", out)


def test_a_variant_that_was_branched_off_is_exported(tmp_path: Path) -> None:
    from lab.events import Measured

    store = Store.open(tmp_path)
    run = store.create("branched", variants=("good",), seeds=(0,))
    run.write(Measured("good", 0, 10, {"loss": 1.0}))
    run.write(Measured("good, slower", 0, 10, {"loss": 0.5}))
    run.close("finished")
    export(select(store, "branched", ["good, slower"]), "csv", tmp_path / "out.csv")
    assert '"good, slower",0,10,' in (tmp_path / "out.csv").read_text()


def test_a_run_without_measurements_is_a_sentence(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.create("empty").close("failed")
    for name in ("csv", "json", "svg", "txt"):
        with pytest.raises(BadInput, match="nothing measured"):
            export(select(store, "empty"), name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
