"""The report in HTML, read back by parsers of HTML and XML."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import xml.etree.ElementTree
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lab.events import Claimed, Ended, Measured, PictureTaken, Started
from lab.exports import html, select
from lab.exports.report import markup
from lab.exports.report.pictures import RENDERERS, render
from lab.exports.report.plots import curves
from lab.outcome import Outcome
from lab.pictures import Bars, Cells, Picture, Table
from lab.store import Source, Store
from lab.terminal.curves import Line

from ..store.runs import TEXT, make
from ..terminal.samples import AWKWARD, ORDINARY

EVIL = '<script>alert("x")</script><img src=http://evil.example/x onerror=alert(1)>'


class Read(HTMLParser):
    """The tags of a document with their attributes, and its text."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def report(store: Store, guess: str | None = None) -> str:
    stream = io.BytesIO()
    html.write(dataclasses.replace(select(store, "latest"), guess=guess), stream)
    return stream.getvalue().decode()


def harmless(document: str) -> Read:
    """Nothing in the document can run or be fetched."""
    read = Read(document)
    assert not {tag for tag, _ in read.tags} & {"script", "iframe", "object", "embed", "link", "base", "form"}
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or ""
            assert name == "href" or not value or value.startswith("data:image/png;base64,")
            assert not value.lower().startswith("javascript:")
    return read


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home")


LESSON = """\
lesson: |
  Half of them are **dead**. """ + EVIL + """

  ![a picture](http://evil.example/picture.png) [a link](javascript:alert(1))
question: {ask: "Which one falls?", choices: [good, neither <b>one</b>], answer: good, because: "It falls by {fall}."}
measured: {fall: {value: "first(good.loss) - last(good.loss)", between: [0.1, 2]}}
variants: {good: {}, hot: {optimizer.rate: 5}}
watch: [loss]
show: {axes: {loss: {y: log}}}
"""  # fmt: skip


def test_it_tells_of_lesson_guess_numbers_claims_and_settings(store: Store) -> None:
    make(store, rate=0.25, text=TEXT + LESSON)
    document = report(store, guess="good")
    read = harmless(document)
    told = " ".join(read.text.split())
    for each in ("good — your guess ✓", "neither <b>one</b>"):
        assert each in told
    assert "It falls by 0.92." in told  # 1 - e^-2.5 on both seeds: the run's own number, not the range
    for each in ("Half of them are dead", 'alert("x")', "held on 2 of 2 seeds It falls.", "seed 1: 0.2 < 1"):
        assert each in told
    assert "Mean loss over the evaluation sample: the training set" in told  # what a number means, at its plot
    assert "rate: 0.25" in told  # the configuration as it was run, not as it was written
    assert "hot, seed 1: NaN from 60 on" in told
    assert "mean and range of 2 seeds, logarithmic" in told


def test_nothing_from_a_run_becomes_markup(store: Store) -> None:
    run = store.create("evil", title=EVIL, text=f"title: {EVIL!r}\n", path=f"/home/somebody/{EVIL}.yaml",
                       overrides={EVIL: EVIL}, variants=(EVIL,), seeds=(0,), steps={EVIL: 1},
                       sources=[Source(f"{EVIL}.csv", "/home/somebody/x.csv", "0" * 32, 1)])  # fmt: skip
    run.write(Started("evil", EVIL, (EVIL,), (0,), {EVIL: 1}, (EVIL, "loss"), read=(EVIL,)))
    for step in (0, 1):
        run.write(Measured(EVIL, 0, step, {EVIL: 1.0, "loss": 2.0}, changed={EVIL: 0.5} if step else {}))
    run.write(PictureTaken(EVIL, 0, 1, Bars(EVIL, {EVIL: 1.0}, EVIL)))
    run.write(PictureTaken(EVIL, 0, 1, Table("table", (EVIL,), ((EVIL,),))))
    run.write(Claimed(EVIL, EVIL, False, {0: False}, {0: EVIL}))
    run.write(Ended(False, False, 0, 1, 0.5, (Outcome(EVIL, 0, 1, "finished", 0.1, EVIL),)))
    run.close("finished")
    document = report(store)
    read = harmless(document)
    assert read.text.count("<script>") >= 8
    assert "somebody" not in document  # whose folder it was is nobody's affair


def test_plots_have_letters_ticks_a_band_and_a_cross_where_it_diverged() -> None:
    x = np.arange(0.0, 101, 10)
    falls = Line("falls", x, np.exp(-x / 10), 0, band=(np.exp(-x / 9), np.exp(-x / 11)))
    lost = Line("<lost>", x, np.where(x < 60, 1 + x, np.nan), 1, broken=True)
    drawn = xml.etree.ElementTree.fromstring(curves([falls, lost], "loss", log_y=True, lost=[lost]))
    texts = {each.text: each for each in drawn.iter("text")}
    assert {"a", "b", "×", "0", "100", "logarithmic"} <= set(texts)
    # The cross stands where the curve ends: at step 50 of 100, in the middle of the plane.
    across = [float(texts[each].get("x", "nan")) for each in ("0", "×", "100")]
    assert across[1] == pytest.approx((across[0] + across[2]) / 2, abs=1)
    assert len(list(drawn.iter("polygon"))) == 1


@pytest.mark.parametrize("picture", [*ORDINARY, *AWKWARD], ids=lambda each: each.kind)
def test_every_picture_is_drawn(picture: Picture) -> None:
    made = render(picture)
    assert made
    assert "nan" not in re.sub(r">[^<]*<|base64,[^\"]*", "", made)
    harmless(made)
    for drawing in re.findall(r"<svg.*?</svg>", made, re.S):
        xml.etree.ElementTree.fromstring(drawing)


def test_a_map_has_the_numbers_of_its_sides_around_the_arrow() -> None:
    sides = np.array([[[0.1, 1.0, -0.25, 0.0], [np.nan] * 4]])
    drawn = render(Cells("Q", np.array([[1.0, np.nan]]), (("→", "G +1"),), sides))
    assert "0.10<br>0.00 <b>→</b> 1.00<br>-0.25" in drawn
    assert "<br>G +1</td>" in drawn


def test_a_kind_without_a_renderer_is_named() -> None:
    assert {each.kind for each in ORDINARY} == set(RENDERERS)
    assert "holograms" in render(cast(Any, SimpleNamespace(kind="holograms", title="x")))


def test_pixels_are_as_they_were() -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4), dtype=np.uint8)
    content = base64.b64decode(markup.bitmap(pixels).partition(",")[2])
    assert np.array_equal(np.asarray(image.open(io.BytesIO(content))), pixels)


def test_what_stands_in_backticks_is_code_and_harmless() -> None:
    assert markup.sentence("set `optimizer.rate` lower") == "set <code>optimizer.rate</code> lower"
    assert markup.sentence(f"`{EVIL}` and a lone `") == f"<code>{markup.escape(EVIL)}</code> and a lone `"
