"""Tables as other programs write them: what is found out, what is told, and the numbers that come of it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lab.data
from lab.data import Data, Split
from lab.data.recipe import Recipe
from lab.data.tables.delimited import Wishes
from lab.data.tables.reading import read
from lab.errors import BadInput, InvalidValue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, name: str, content: str | bytes, **options: Any) -> Data:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return lab.data.load({"table": name, "target": "answer", **options}, 0, folder).train


PLAIN = "a,b,answer\n1.5,2,x\n3,4,y\n5,-6e1,x\n"
INPUTS = [[1.5, 2], [3, 4], [5, -60]]


def test_the_same_table_written_in_many_ways(folder: Path) -> None:
    """Whatever a table is written, encoded or packed in, the numbers, the classes and the features are the same."""
    semicolons = "a;b;answer\r\n1,5;2;x\r\n3,0;4;y\r\n5;-6e1;x\r\n"
    records = [{"a": a, "b": b, "answer": c} for (a, b), c in zip(INPUTS, "xyx", strict=True)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", PLAIN)
        archive.writestr("__MACOSX/._inside.csv", "x")
    ways: dict[str, str | bytes] = {
        "plain.csv": PLAIN,
        "semicolons.csv": semicolons,
        "tabs.tsv": PLAIN.replace(",", "\t"),
        "bars.txt": PLAIN.replace(",", "|"),
        "blanks.dat": PLAIN.replace(",", "   "),
        "comments.csv": f"# made today, by hand\n#\n{PLAIN}# the end\n",
        "index.csv": '"",a,b,answer\n"1",1.5,2,x\n"2",3,4,y\n"3",5,-6e1,x\n',
        "write_table.txt": "a b answer\nr1 1.5 2 x\nr2 3 4 y\nr3 5 -6e1 x\n",
        "trailing.csv": PLAIN.replace("\n", ",\n"),
        "gzip.csv.gz": gzip.compress(PLAIN.encode()),
        "bzip2.csv.bz2": bz2.compress(PLAIN.encode()),
        "xz.csv.xz": lzma.compress(PLAIN.encode()),
        "zip.zip": packed.getvalue(),
        "mark.csv": b"\xef\xbb\xbf" + PLAIN.encode(),
        "utf16.csv": PLAIN.encode("utf-16"),
        "utf16_without_mark.csv": PLAIN.encode("utf-16-le"),
        "weka.arff": "% a comment\n@RELATION r\n@attribute a numeric\n@attribute 'b' real\n@attribute answer {x,y}\n"
        "@data\n1.5,2,x\n3,4,'y'\n{0 5, 1 -6e1, 2 x}\n",
        "records.json": json.dumps(records),
        "lines.jsonl": "\n".join(map(json.dumps, records)),
        "columns.json": json.dumps({"a": {"0": 1.5, "1": 3, "2": 5}, "b": {"0": 2, "1": 4, "2": -60.0}})[:-1]
        + ', "answer": {"0": "x", "1": "y", "2": "x"}}',
        "split.json": json.dumps(
            {"columns": ["a", "b", "answer"], "data": [[*i, c] for i, c in zip(INPUTS, "xyx", strict=True)]}
        ),
    }
    for name, content in ways.items():
        data = load(folder, name, content)
        assert data.inputs.tolist() == INPUTS, name
        assert (data.targets.tolist(), data.classes, data.features) == ([0, 1, 0], ("x", "y"), ("a", "b")), name
        assert ": 3 rows, 2 features, 2 classes: x, y." in data.story[0].replace("; 3 rows", ": 3 rows"), name


def test_what_was_found_out_is_told(folder: Path) -> None:
    latin = "größe,stadt,answer\n1,Köln,x\n2,Bonn,y\n3,Köln,x\n".encode("latin-1")
    data = load(folder, "latin.csv.gz", gzip.compress(latin))
    assert data.features == ("größe", "stadt=Köln", "stadt=Bonn")
    assert data.story == (
        "latin.csv.gz: text, separated by commas; 3 rows, 3 features, 2 classes: x, y.",
        "It is not UTF-8 and was read as Latin-1 (line 1: 'größe'); `encoding:` chooses another.",
        "Categories have a feature each: stadt (2).",
        "größe numbers the rows: `columns: {größe: skip}` leaves it out.",
    )
    data = load(folder, "money.csv", "n;price;answer\n7;1.234.567,5;1,5\n7;12,25;2,5\n7;-1.000;3,5\n")
    assert data.inputs[:, 1].tolist() == [1234567.5, 12.25, -1000]
    assert data.targets.tolist() == [[1.5], [2.5], [3.5]]
    assert data.story[1:] == (
        "Numbers have a decimal comma.",
        "Thousands are grouped by points.",
        "n has the same value in every row.",
    )
    data = load(folder, "english.csv", 'price,answer\n"1,234,567.5",x\n12.25,y\n"-1,000",x\n')
    assert data.inputs[:, 0].tolist() == [1234567.5, 12.25, -1000]
    assert "Thousands are grouped by commas." in data.story
    data = load(folder, "index.csv", ",name,a,answer\n" + "".join(f"{n},Name {n},{n * n},{n % 2}\n" for n in range(40)))
    assert data.features == ("a",)
    assert "Left out: column 1 (it has no name and numbers the rows), name (40 different texts)." in data.story
    assert load(folder, "index.csv", (folder / "index.csv").read_text(), features=["column 1"]).features == (
        "column 1",
    )


def test_files_without_names_of_columns(folder: Path) -> None:
    data = load(folder, "none.csv", "1,2,5\n3,4,6\n", header=False, target=3)
    assert (data.features, data.inputs.tolist(), data.classes) == (("1", "2"), [[1, 2], [3, 4]], ("5", "6"))
    data = load(folder, "uci.data", "5.1,3.5,setosa\n4.9,3.0,other\n", header=False, target="3", features=[2])
    assert (data.features, data.classes) == (("2",), ("other", "setosa"))
    with pytest.raises(InvalidValue, match=r"the first line has '5.1' in it: .* say `header: false`"):
        load(folder, "uci.data", "5.1,3.5,setosa\n4.9,3.0,other\n")
    assert load(folder, "years.csv", "2019,2020,answer\n1,2,x\n3,4,y\n").features == ("2019", "2020")
    sizes = load(folder, "sizes.csv", "4,2,no,yes\n1,2,0\n3,4,1\n5,6,1\n7,8,0\n", target=3)
    assert (sizes.count, sizes.features, sizes.targets.tolist()) == (4, ("1", "2"), [0, 1, 1, 0])
    assert sizes.story[1].startswith("The first line holds sizes (4 rows, 2 features and the classes no, yes)")


def test_types_of_columns(folder: Path) -> None:
    content = (
        "flag,yes,color,day,time,answer\n"
        "True,no,red,2024-01-01,2024-01-01T00:00:00Z,0.5\n"
        "False,yes,blue,2024-01-03,2024-01-01T00:00:30Z,1.5\n"
        "True,yes,red,2025-01-01,2024-01-01T01:00:00+00:30,2.5\n"
    )
    data = load(folder, "types.csv", content, columns={"time": "seconds"})
    assert data.features == ("flag", "yes", "color=red", "color=blue", "day", "time")
    assert data.inputs.tolist() == [[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 2, 30], [1, 1, 1, 0, 366, 1800]]
    assert "day is days since 2024-01-01." in data.story
    assert load(folder, "types.csv", content, columns={"day": "year"}, features=["day"]).inputs.tolist() == [
        [2024],
        [2024],
        [2025],
    ]
    data = load(folder, "number.csv", "zip,a,answer\n1,5,x\n2,6,y\n1,7,x\n", columns={"zip": "category", "a": "skip"})
    assert (data.features, data.inputs.tolist()) == (("zip=1", "zip=2"), [[1, 0], [0, 1], [1, 0]])
    german = load(folder, "dates.csv", "day,answer\n31.12.2023,x\n01.01.2024,y\n")
    assert german.inputs.tolist() == [[0], [1]]
    english = load(folder, "dates.csv", "day,answer\n12/31/2023,x\n01/01/2024,y\n")
    assert english.inputs.tolist() == [[0], [1]]
    with pytest.raises(InvalidValue, match=r"column 'day' may be day/month or month/day \('01/02/2024'\)"):
        load(folder, "dates.csv", "day,answer\n01/02/2024,x\n03/02/2024,y\n")
    with pytest.raises(InvalidValue, match="there is no column 'zpi'; did you mean zip"):
        load(folder, "number.csv", "zip,answer\n1,x\n2,y\n", columns={"zpi": "skip"})


GAPS = "a,kind,answer\n1,p,0\n,p,1\n3,,0\n8,q,1\n"


def test_missing_values(folder: Path) -> None:
    assert load(folder, "gaps.csv", GAPS, missing="drop").inputs.tolist() == [[1, 1, 0], [8, 0, 1]]
    assert "2 rows with missing values are left out." in load(folder, "gaps.csv", GAPS, missing="drop").story
    assert load(folder, "gaps.csv", GAPS, missing="mean").inputs[:, 0].tolist() == [1, 4, 3, 8]
    assert load(folder, "gaps.csv", GAPS, missing="median").inputs[:, 0].tolist() == [1, 3, 3, 8]
    data = load(folder, "gaps.csv", GAPS, missing="category")
    assert data.features == ("a", "a=missing", "kind=p", "kind=q", "kind=missing")
    assert data.inputs.tolist() == [[1, 0, 1, 0, 0], [4, 1, 1, 0, 0], [3, 0, 0, 0, 1], [8, 0, 0, 1, 0]]
    with pytest.raises(InvalidValue, match=r"values are missing in 'a' \(1\), 'kind' \(1\), the first in line 3: say"):
        load(folder, "gaps.csv", GAPS)
    with pytest.raises(InvalidValue, match=r"the target 'kind' has no value in 1 row \(line 4\)"):
        load(folder, "gaps.csv", GAPS, target="kind", missing="mean")


def test_gaps_are_filled_from_the_training_examples_alone(folder: Path) -> None:
    """Time stamps keep their spread, too: all of it is computed in float64."""
    rows = "".join(f"{1.7e9 + number if number % 5 else ''},{number % 2}\n" for number in range(200))
    (folder / "gaps.csv").write_text("a,answer\n" + rows)
    block = {"csv": "gaps.csv", "target": "answer", "validation": 0.25, "missing": "mean"}
    plain: Split = lab.data.load(block | {"features": ["a"]}, 3, folder)
    assert plain.validation is not None
    standard = lab.data.load(block | {"standardise": True}, 3, folder)
    assert standard.validation is not None
    assert standard.train.inputs.std() == pytest.approx(1)
    assert len(np.unique(standard.train.inputs)) > 100
    gaps = plain.validation.inputs[:, 0] == np.float32(plain.train.inputs[:, 0].astype(float).mean())
    assert np.isclose(standard.validation.inputs[:, 0], 0, atol=1e-6).sum() >= 5 or gaps.sum() >= 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": [1, 2]}), "'odd.csv' is a pickle of Python objects, never loaded"),
        (b"%PDF-1.7 ...", "'odd.csv' is a PDF, not a table."),
        (b"\x89PNG\r\n\x1a\n...", "'odd.csv' is a PNG image, not a table."),
        (b"<!DOCTYPE html><html></html>", "'odd.csv' is a page of the web, not a table"),
        (b"\x1f\x8b\x08damaged", "'odd.csv' is damaged"),
        (b'{"a": {"b": [1, 2', "'odd.csv' is damaged JSON"),
        (b'[{"a": [1], "answer": 2}]', "no column is left to predict from; left out: a (lists)."),
        (b"@relation x\n@data\n1,2\n", "'odd.csv' is an ARFF file without attributes."),
        (b"PAR1 and then nothing", "'odd.csv' is a damaged Parquet file"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_other_files_are_named_for_what_they_are(folder: Path, content: bytes, message: str) -> None:
    if "Parquet" in message:
        pytest.importorskip("polars")
    with pytest.raises(InvalidValue) as caught:
        load(folder, "odd.csv", content)
    assert caught.value.path == ("table",)
    assert caught.value.message.startswith(message)


def test_what_unpacks_to_too_much_is_refused(folder: Path) -> None:
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(b"a,answer\n" + b"1,2\n" * (7 * 10**7), 1))
    with pytest.raises(InvalidValue, match="holds more than 256 MiB when it is unpacked"):
        lab.data.load({"csv": "bomb.csv.gz", "target": "answer"}, 0, folder)


def test_parquet_arrow_and_excel(folder: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.5, 3, 5], "b": [2, 4, -60], "answer": ["x", "y", "x"]})
    frame.write_parquet(folder / "t.parquet")
    frame.write_ipc(folder / "t.arrow")
    frame.write_parquet(folder / "t.csv")
    for name in ("t.parquet", "t.arrow", "t.csv"):
        data = lab.data.load({"csv": name, "target": "answer"}, 0, folder).train
        assert (data.inputs.tolist(), data.classes, data.features) == (INPUTS, ("x", "y"), ("a", "b"))
    assert "'t.csv' is a Parquet file, whatever its name says." in data.story
    dates = frame.with_columns(day=polars.date(2024, 1, polars.col("b").abs()) if False else polars.lit("2024-01-01"))
    dates.with_columns(gap=polars.Series([None, True, False])).write_parquet(folder / "u.parquet")
    with pytest.raises(InvalidValue, match=r"values are missing in 'gap' \(1\), the first in row 1"):
        lab.data.load({"table": "u.parquet", "target": "answer"}, 0, folder)


def test_without_the_extra_a_sentence_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(InvalidValue, match=r"Reading 't.parquet', a Parquet file, needs .* 'backprop-lab\[tables\]'"):
        load(folder, "t.parquet", b"PAR1....PAR1")


def test_several_targets(folder: Path) -> None:
    data = load(folder, "two.csv", "a,b,c\n1,0.5,2\n2,1.5,3\n", target=["b", "c"])
    assert (data.kind, data.targets.tolist(), data.features) == ("values", [[0.5, 2], [1.5, 3]], ("a",))
    data = load(folder, "two.csv", "a,wet,warm\n1,yes,yes\n2,no,yes\n3,no,no\n", target=["wet", "warm"])
    assert (data.kind, data.targets.tolist(), data.classes) == ("labels", [[1, 1], [0, 1], [0, 0]], ("wet", "warm"))


def test_looking_at_a_file(folder: Path) -> None:
    (folder / "t.csv").write_text(
        "id,age,city,mixed,answer\n"
        + "".join(f"{n},{n % 7 or ''},{'AB'[n % 2]},{n if n < 25 else 'x'},{n % 3}\n" for n in range(30))
    )
    found = lab.data.look("t.csv", folder=folder)
    assert (found.rows, found.format, found.target, found.kind) == (
        30,
        "text, separated by commas",
        "answer",
        "classes",
    )
    by_name = {each.name: each for each in found.columns}
    assert (by_name["age"].kind, by_name["age"].missing, by_name["age"].range) == ("number", 5, "1 to 6")
    assert by_name["age"].first_missing == "line 2"
    assert (by_name["city"].kind, by_name["city"].examples) == ("category", ("A", "B"))
    assert by_name["mixed"].problem.startswith("line 27, column 'mixed' is 'x', not a number")
    assert found.block["columns"] == {"id": "skip", "mixed": "skip"}
    assert found.block["missing"] == "mean"
    data = lab.data.load(found.block, 0, folder).train
    assert data.features == ("age", "city=A", "city=B")
    without = lab.data.look("t.csv", {"target": "city"}, folder)
    assert without.block["target"] == "city"
    (folder / "none.csv").write_text("1,2.5\n3,4.5\n")
    found = lab.data.look("none.csv", folder=folder)
    assert (found.block["header"], found.block["target"], found.kind) == (False, 2, "values")
    assert lab.data.load(found.block | {"validation": 0}, 0, folder).train.count == 2
    np.savez(folder / "a.npz", inputs=np.zeros((4, 3, 3)), targets=[0, 1, 0, 1])
    found = lab.data.look(folder / "a.npz")
    assert [each.shape for each in found.columns] == [(4, 3, 3, 1), (4,)]
    assert found.kind == "classes"


STRANGE = """\ufeffid;Länge (cm);weight;n/a?;kind
1;5,1;;x;a
2;-3e2;2,5;y;b "b
3;0;NaN;x;a
"""


def test_the_columns_of_a_strange_table(folder: Path) -> None:
    (folder / "t.csv").write_text(STRANGE, encoding="utf-8")
    found = lab.data.look(folder / "t.csv")
    assert found.rows == 3
    names = {each.name: each for each in found.columns}
    assert list(names) == ["id", "Länge (cm)", "weight", "n/a?", "kind"]
    length, weight, kind = names["Länge (cm)"], names["weight"], names["kind"]
    assert (length.kind, length.low, length.high, length.missing, length.usable) == ("number", -300.0, 5.1, 0, True)
    assert (weight.kind, weight.missing, weight.first_missing, weight.usable) == ("number", 2, "line 2", False)
    assert (kind.kind, kind.distinct, kind.examples) == ("category", 2, ("a", 'b "b'))
    assert kind.could_be_predicted
    assert not weight.could_be_predicted
    assert found.key == "csv"


def test_a_file_that_was_changed_is_read_again(folder: Path) -> None:
    assert load(folder, "t.csv", "a,answer\n1,x\n2,y\n").inputs.tolist() == [[1], [2]]
    assert load(folder, "t.csv", "a,answer\n1,x\n22,y\n").inputs.tolist() == [[1], [22]]


def test_the_quick_way_and_the_thorough_way_read_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{n / 7!r},{1.7e9 + n},{-n}e-30, {n % 3} ,{n * n}\n" for n in range(200))
    block = {"csv": "t.csv", "target": "c", "validation": 0.2, "standardise": True}
    (folder / "t.csv").write_text("a,b,tiny,c,d\n" + rows)
    quick = [lab.data.load(block | more, 0, folder) for more in ({}, {"target": "d"}, {"features": ["d", "a"]})]
    monkeypatch.setattr("lab.data.sets.csv_table.plain", lambda path, options: None)
    (folder / "t.csv").write_text("a,b,tiny,c,d\n" + rows + "\n")  # another time stamp and size: it is read again
    for one, more in zip(quick, ({}, {"target": "d"}, {"features": ["d", "a"]}), strict=True):
        other = lab.data.load(block | more, 0, folder)
        assert one.train.inputs.tobytes() == other.train.inputs.tobytes()
        assert one.train.targets.tobytes() == other.train.targets.tobytes()
        assert (one.train.features, one.train.classes) == (other.train.features, other.train.classes)
        assert one.train.story == other.train.story


def test_a_title_above_the_table_is_left_out(folder: Path) -> None:
    body = "a,b,answer\n1.5,2,x\n3,4,y\n5,-60,x\n"
    for above in ("Report of March\n\n", "Report of March,,\n,,\n", '"Report, of March",,\n'):
        data = load(folder, "t.csv", above + body)
        assert (data.inputs.tolist(), data.features, data.classes) == (INPUTS, ("a", "b"), ("x", "y"))
        line = 1 + above.count("\n")
        title = "Report, of March" if '"' in above else "Report of March"
        assert f"The table begins in line {line}: {title!r} stands above it and is left out." in data.story
        assert data.places.tolist() == [line + 1, line + 2, line + 3]
    sizes = load(folder, "t.csv", "4,6\n" + "1,2,3,4,5,6,7\n" * 3 + "2,3,4,5,6,7,8\n", target=7)
    assert sizes.count == 4
    rows = "9,,,,,x\n" + "1,2,3,4,5,y\n" * 3
    assert load(folder, "t.csv", rows, header=False, target=6, missing="mean").count == 4


def test_a_sheet_with_a_title_and_grouped_digits(folder: Path) -> None:
    pytest.importorskip("polars")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["Report of March"], [], ["a", "b", "answer"], ["1,500", 2, "x"], ["3,000", 4, "y"], ["517", -60, "x"]):
        book.active.append(row)
    book.save(folder / "t.xlsx")
    data = lab.data.load({"table": "t.xlsx", "target": "answer"}, 0, folder).train
    assert (data.inputs.tolist(), data.features) == ([[1500, 2], [3000, 4], [517, -60]], ("a", "b"))
    assert "The table begins below 'Report of March', which is left out." in data.story
    assert "Thousands are grouped by commas." in data.story
    for title in (["Report of March"], []):
        book = openpyxl.Workbook()
        for row in ([], title, [], ["a", "b", "answer"], [1.5, 2, "x"], [3, 4, "y"], [5, -60, "x"]):
            book.active.append(row)
        book.save(folder / "t.xlsx")
        lower = lab.data.load({"table": "t.xlsx", "target": "answer"}, 0, folder).train
        assert (lower.inputs.tolist(), lower.features) == (INPUTS, ("a", "b"))
        assert any("begins below" in each for each in lower.story) == bool(title)


@pytest.mark.parametrize(
    ("rows", "inputs"),
    [
        (["1,250", "2,500"], [1.25, 2.5]),  # nothing says otherwise
        (["1,250", "0.5"], [1250, 0.5]),
        (["1,250", "3,456,789"], [1250, 3456789]),
        (["1,250", "0,5", "7.5"], [1.25, 0.5, 7.5]),
        (["1,250", "1.234.567"], [1.25, 1234567]),
    ],
)
def test_what_a_comma_means_where_none_separates_cells(folder: Path, rows: list[str], inputs: list[float]) -> None:
    body = "".join(f"{each}\t{'xy'[place % 2]}\n" for place, each in enumerate(rows))
    assert load(folder, "t.tsv", f"a\tanswer\n{body}").inputs.tolist() == [[each] for each in inputs]


def test_a_comma_in_a_text_says_nothing_of_numbers(folder: Path) -> None:
    rows = "".join(f"{text}\t{place}.125\t{'xy'[place % 2]}\n" for place, text in enumerate(("a", "b", "3,4", "a"), 1))
    data = load(folder, "t.tsv", f"rooms\ta\tanswer\n{rows}", features=["a"])
    assert data.inputs.tolist() == [[1.125], [2.125], [3.125], [4.125]]


def test_new_rows_of_a_file_with_decimal_commas(folder: Path) -> None:
    train = load(folder, "t.csv", "a;b;answer\n1.250,5;0,125;x\n3,5;2;y\n")
    assert train.table is not None
    assert train.table.written["numbers"] == [",", "."]
    (folder / "new.csv").write_text("a;b\n1.250;1,125\n2.500;2,500\n")
    table = read(folder / "new.csv", Wishes(**train.table.written))
    assert Recipe.raw(train, "error").of_table(table, "new.csv").inputs.tolist() == [[1250, 1.125], [2500, 2.5]]
    (folder / "later.csv").write_text("a;b;answer\n1.250;1,125;x\n2.500;2,500;y\n")
    block = {"csv": "t.csv", "target": "answer", "validation_file": "later.csv"}
    held = lab.data.load(block, 0, folder).validation
    assert held is not None
    assert held.inputs.tolist() == [[1250, 1.125], [2500, 2.5]]


def test_marks_of_what_is_not_known(folder: Path) -> None:
    content = "a,b,answer\n1.5,2,x\nk. A.,-999,y\n5,-999.0,x\n7,8,y\n"
    with pytest.raises(InvalidValue, match=r"say `missing_marks: \[k. A.\]`"):
        load(folder, "t.csv", content)
    data = load(folder, "t.csv", content, missing_marks=["k. a.", -999], missing="mean")
    gaps = "Missing values of a (1), b (2) are filled in: the mean of the training examples."
    assert gaps in data.story
    marked = load(
        folder, "t.csv", "a;b;answer\n1,5;2;x\n-999,0;3,5;y\n7;8;y\n", missing_marks=["-999,0"], missing="drop"
    )
    assert marked.inputs.tolist() == [[1.5, 2], [7, 8]]
    polars = pytest.importorskip("polars")
    polars.DataFrame({"a": [1.0, -999, 3], "answer": ["x", "y", "y"]}).write_parquet(folder / "t.parquet")
    block = {"table": "t.parquet", "target": "answer", "missing_marks": [-999], "missing": "drop"}
    assert lab.data.load(block, 0, folder).train.inputs.tolist() == [[1], [3]]


def test_the_order_of_rows_is_told(folder: Path) -> None:
    rows = [f"2024-01-{day:02d},m{day // 6},{day % 3},{day % 2}" for day in range(1, 32)]
    (folder / "t.csv").write_text("\n".join(["day,machine,a,answer", *rows]) + "\n")
    by_time, by_group = lab.data.look("t.csv", folder=folder).hints
    assert by_time.startswith("The rows are in the order of day: ")
    assert "`split_by_time: day` holds back the last ones" in by_time
    assert "`split_by_group: machine` holds back all rows of some" in by_group
    by_time = lab.data.look("t.csv", {"split_by_time": "day"}, folder)
    assert (by_time.hints, by_time.problem, by_time.block["validation"]) == ((), "", 0.2)
    apart = lab.data.look("t.csv", {"validation_file": "t.csv"}, folder)
    assert (apart.problem, "validation" in apart.block) == ("", False)
    (folder / "t.csv").write_text("\n".join(["day,machine,a,answer", *rows[::2], *rows[1::2]]) + "\n")
    assert not lab.data.look("t.csv", folder=folder).hints


@pytest.mark.parametrize("odd", ["a\0", "\x1b[31mb", "c\x07\x07\x07", "d\u200b"])
@pytest.mark.parametrize("target", ["side", "x"])
def test_an_answer_that_cannot_be_printed_is_read_the_same_way_by_every_command(
    tmp_path: Path, odd: str, target: str
) -> None:
    """The quick way for plain tables took a file for a table that the thorough way says is no text."""
    rows = "".join(f"{n % 5},{n * n % 7},{odd if n % 3 else 'b'}\n" for n in range(24))
    (tmp_path / "t.csv").write_text(f"x,y,side\n{rows}", encoding="utf-8")
    options = {"csv": "t.csv", "target": target, "columns": {"side": "skip"} if target == "x" else {}}

    def answer(options: dict[str, object]) -> object:
        try:
            return lab.data.load(options, 0, tmp_path).train.classes
        except BadInput as error:
            return str(error)

    thorough = answer(options | {"encoding": "utf-8"})
    assert answer(options) == thorough
    assert ("it is no text" in str(thorough)) == (odd != "d\u200b")
