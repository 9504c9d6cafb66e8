"""What is in a file with data, column by column, before anything is chosen."""

import numpy as np
import pytest

from lab.data.columns import columns_of
from lab.errors import InvalidValue

TABLE = """\ufeffid;Länge (cm);weight;n/a?;kind
1;5.1;;x;a
2;-3e2;2,5;y;b "b
3;0;NaN;x;a
"""


def test_the_columns_of_a_strange_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE, encoding="utf-8")
    found = columns_of(path)
    assert found.examples == 3
    names = {each.name: each for each in found.columns}
    assert list(names) == ["id", "Länge (cm)", "weight", "n/a?", "kind"]
    length, weight, kind = names["Länge (cm)"], names["weight"], names["kind"]
    assert (length.kind, length.low, length.high, length.missing, length.usable) == ("numbers", -300.0, 5.1, 0, True)
    assert (weight.kind, weight.missing, weight.first_missing, weight.first_word) == ("words", 2, 2, (3, "2,5"))
    assert (kind.kind, kind.distinct, kind.examples) == ("words", 2, ("a", 'b "b'))
    assert kind.could_be_predicted
    assert not weight.could_be_predicted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2,3\n", "line 2 has 3 cells"),
        ("1,2\n3,4\n", "only numbers"),
        ("a,b\n", "no examples"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("\n\n", "only blank lines"),
        ("alone\n1\n", "only one column"),
    ],
)
def test_a_file_that_is_no_table_is_one_sentence(tmp_path, text, told):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=told):
        columns_of(path)


def test_arrays(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, inputs=np.arange(24.0).reshape(4, 3, 2), targets=np.array(["a", "b", "a", "b"]))
    inputs, targets = columns_of(path).columns
    assert (inputs.shape, inputs.low, inputs.high) == ((4, 3, 2), 0.0, 23.0)
    assert (targets.kind, targets.distinct) == ("words", 2)
    path.write_bytes(b"PK nothing")
    with pytest.raises(InvalidValue, match="not an NPZ file"):
        columns_of(path)
