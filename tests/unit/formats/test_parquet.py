"""Parquet: every type that can be text is given as text, and what cannot be matters only where it is asked for."""

import json
from decimal import Decimal

import pyarrow
import pyarrow.parquet
import pytest

from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reading import preview_file
from orbench_studio.formats.records import RowFault

FAR = 253402300800_000  # the first millisecond of the year 10000, which Python's times do not reach
STAMP = pyarrow.timestamp("ms")


@pytest.fixture
def stored(tmp_path):
    def stored(**columns):
        path = tmp_path / "a.parquet"
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
        return path

    return stored


def _mapped(column):
    return {"mapping": ColumnMapping({Field.PROMPT: column})}


def test_parquet(tmp_path, take, refused):
    table = pyarrow.table(
        {"prompt": ["How do I bake?", None, "a\0b", "Naïve 😀?"], "category": ["hate", "hate", "hate", None]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    found = take(tmp_path / "a.parquet")
    assert [(type(row).__name__, row.line) for row in found] == [
        ("Record", 1),
        ("RowFault", 2),
        ("RowFault", 3),
        ("Record", 4),
    ]
    data = (tmp_path / "a.parquet").read_bytes()
    assert refused("b.parquet", data[:-20]).startswith("b.parquet: it is not a readable Parquet file")
    assert refused("c.parquet", "prompt,category\n").startswith("c.parquet: it is not a readable Parquet file")
    pyarrow.parquet.write_table(table.slice(0, 0), tmp_path / "d.parquet")
    assert "empty" in refused(tmp_path / "d.parquet")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pyarrow.array([0, FAR], STAMP), ["1970-01-01 00:00:00.000", "10000-01-01 00:00:00.000"]),
        (
            pyarrow.array([0, FAR], pyarrow.timestamp("ms", "Nowhere/Land")),
            ["1970-01-01 00:00:00.000Z", "10000-01-01 00:00:00.000Z"],
        ),
        (
            pyarrow.array([0, FAR], pyarrow.timestamp("ms", "Asia/Tokyo")),
            ["1970-01-01 00:00:00.000Z", "10000-01-01 00:00:00.000Z"],
        ),
        (pyarrow.array([0, FAR // 86_400_000], pyarrow.date32()), ["1970-01-01", "10000-01-01"]),
        (pyarrow.array([Decimal("1.50"), Decimal("-2.00")]), ["1.50", "-2.00"]),
        (pyarrow.array([b"plain", "é".encode()]), ["plain", "é"]),
    ],
)
def test_values_of_every_type_become_texts(stored, take, values, texts):
    records = take(stored(a=values), **_mapped("a"))
    assert [record.prompt.text for record in records] == texts


def test_a_map_is_an_object(stored, take):
    kind = pyarrow.map_(pyarrow.string(), pyarrow.string())
    of = pyarrow.array([[("oak", "Yes."), ("elm", "No.")], [("elm", "Maybe.")], None], kind)
    columns = {Field.PROMPT: "q", Field.RESPONSE: "of.oak"}
    found = take(stored(of=of, q=["Is it?", "Was it?", "Why?"]), mapping=ColumnMapping(columns), model="oak")
    assert [[response.text for response in record.responses] for record in found] == [["Yes."], [], []]


UNTELLABLE = [
    pyarrow.array([b"plain", b"\xff"]),
    pyarrow.array([b"plain", b"a\0b"]),
    pyarrow.array([{"bytes": b"plain"}, {"bytes": b"\x89PNG"}]),
    pyarrow.array([[0, 0], [FAR]], pyarrow.list_(STAMP)),
    pyarrow.array([[], [0]], pyarrow.list_(pyarrow.timestamp("ms", "Nowhere/Land"))),
    pyarrow.StringArray.from_buffers(2, pyarrow.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pyarrow.py_buffer(b"a\xff")),
]


@pytest.mark.parametrize("values", UNTELLABLE)
def test_a_value_that_is_no_text_refuses_its_row_where_it_is_asked_for(stored, take, values):
    first, second = take(stored(a=values, b=["x", "y"]), **_mapped("a"))
    assert isinstance(first, RowFault) == (not isinstance(values[0].as_py(), str | bytes))  # a list is not a text
    assert isinstance(second, RowFault)
    assert second.line == 2
    assert second.reason in ("the value of a is not text", "a text contains a NUL character")


@pytest.mark.parametrize("values", UNTELLABLE)
def test_a_value_that_is_no_text_is_empty_where_nobody_asks(stored, take, values):
    path = stored(a=values, prompt=["x", "y"])
    assert [record.prompt.text for record in take(path, **_mapped("prompt"))] == ["x", "y"]
    assert preview_file(path).rows[1] == ("", "y")


@pytest.mark.parametrize("column", ["response", "note"])
def test_columns_of_a_known_format_are_asked_for(stored, take, column):
    columns = {"prompt": ["p"], "is_rejected": ["1"], "response": ["r"], "note": ["m"]}
    found = take(stored(**{**columns, column: [b"\xff"]}), model="m", format_name="orbench-alignment")
    assert isinstance(found[0], RowFault) == (column == "response")


@pytest.mark.parametrize("arrow", [False, True])
def test_numbers_with_names_in_the_schema_are_read_by_their_names(tmp_path, take, arrow):
    """So are they in lists and objects. Hugging Face's ClassLabel has -1 where there is no label."""
    names = {"names": ["refusal", "compliance"], "_type": "ClassLabel"}
    features = {"refused": names, "by": {"feature": {"who": names}, "_type": "List"}, "bare": {"_type": "Value"}}
    table = pyarrow.table({"refused": [0, 1, -1, 7, None], "by": [[{"who": 0}], *[[]] * 4], "bare": [0] * 5})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path = tmp_path / ("a.arrow" if arrow else "a.parquet")
    if arrow:
        with pyarrow.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    else:
        pyarrow.parquet.write_table(table, path)
    rows = preview_file(path).rows
    assert [row[0] for row in rows] == ["refusal", "compliance", "", "7", ""]
    assert [*rows[0][1:]] == ['[{"who": "refusal"}]', "0"]
