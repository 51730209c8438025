"""Delimited text, JSON and Parquet: every character kept, true line numbers, faults of rows and of files told apart."""

import csv
import gc
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.byte_source import MAX_FIELD, InputFile
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record, RowFault
from orbench_studio.formats.table_kind import open_table

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture
def rows(write):
    def rows(name, content):
        file = InputFile(write(name, content))
        try:
            table = open_table(file)
            return table.header(name), list(table.rows)
        finally:
            file.close()

    return rows


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_hostile_texts_survive_csv(rows, cells):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    writer.writerows(cells)
    assert [tuple(row[1]) for row in rows("a.csv", out.getvalue())[1]] == cells


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), name=st.sampled_from(["a.json", "a.jsonl"]))
def test_hostile_texts_survive_json(rows, cells, name):
    objects = [{"a": a, "b": b} for a, b in cells]
    text = json.dumps(objects, indent=1) if name == "a.json" else "".join(json.dumps(o) + "\n" for o in objects)
    assert [tuple(row[1]) for row in rows(name, text)[1]] == cells


def test_line_ends_inside_fields_stay_and_lines_are_the_files(rows):
    header, found = rows("a.csv", 'a,b\r\n"one\r\ntwo\nthree",x\r\n\r\ny,z\r\n')
    assert header == ("a", "b")
    assert found == [(2, ["one\r\ntwo\nthree", "x"]), (6, ["y", "z"])]


def test_old_macintosh_line_ends(rows):
    assert rows("a.csv", "a,b\rc,d\re,f\r")[1] == [(2, ["c", "d"]), (3, ["e", "f"])]


def test_blank_lines_before_the_header(rows):
    assert rows("a.csv", "\n\na,b\nc,d\n")[1] == [(4, ["c", "d"])]


def test_a_ragged_row_is_refused_alone(rows):
    found = rows("a.csv", 'a,b\n1,2\n1\n"x\ny",2,3\n3,4\n')[1]
    assert found == [
        (2, ["1", "2"]),
        RowFault(3, "the row has 1 cells, the header has 2"),
        RowFault(4, "the row has 3 cells, the header has 2"),
        (6, ["3", "4"]),
    ]


@pytest.mark.parametrize(
    "name, mark", [*(("a.csv", mark) for mark in ",;\t|"), ("a.tsv", "\t"), ("a.txt", ";"), ("a", ",")]
)
def test_the_delimiter_is_found_in_the_header(rows, name, mark):
    assert rows(name, f'"a,;",b\n1{mark}2\n'.replace('",b', f'"{mark}b'))[1] == [(2, ["1", "2"])]


def test_a_tsv_with_commas_is_split_at_tabs(rows):
    assert rows("a.tsv", "a,1\tb\nx\ty,z\n") == (("a,1", "b"), [(2, ["x", "y,z"])])


def test_names_are_stripped(rows):
    assert rows("a.csv", "a, b ,\tc\n1,2,3\n")[0] == ("a", "b", "c")


def test_columns_without_a_name_are_ignored(rows, refused):
    assert rows("a.csv", ",prompt,,\n0,A,,\n1,B,,,\n2,C,,,x\n") == (
        ("", "prompt", "", ""),
        [(2, ["0", "A", "", ""]), (3, ["1", "B", "", ""]), RowFault(4, "the row has 5 cells, the header has 4")],
    )
    assert "the header has no column names" in refused("a.csv", ",,\n1,2,3\n")


@pytest.mark.parametrize("requests", [False, True])
def test_a_text_that_spills_into_columns_without_a_name_refuses_its_row(write, requests):
    """The rest of a text with an unquoted separator is never cut off; an index and empty cells are ignored."""
    file = write("a.csv", ",id,text,,,\n0,a,I like tea,,,\n1,b,I like tea, coffee,and milk,\n2,c,Milk?,,,\n")
    options = ReadOptions(mapping=ColumnMapping({Field.PROMPT: "text"}))
    if requests:
        options = ReadOptions(mapping=ColumnMapping({Field.PROMPT: "request.text"}), requests=file)
        file = write("r.csv", "id,note\na,x\nb,y\nc,z\n")
    with read_file(file, options=options) as reading:
        found = list(reading.records)
    texts = [one.prompt.text for one in found if isinstance(one, Record)]
    assert texts == ["I like tea", "Milk?"]
    [refused] = [one for one in found if isinstance(one, RowFault)]
    spilled = "“coffee” is in a column without a name. Quote the text that it belongs to, or name its column"
    assert (refused.line, refused.reason if not requests else spilled) == (3, spilled)


def test_a_line_that_names_the_delimiter_is_no_header(rows):
    assert rows("a.csv", "sep=;\nprompt;category\nA, b;hate\n") == (("prompt", "category"), [(3, ["A, b", "hate"])])
    comments = "# dataset_version=1.0, of=sheep.yaml,,\n# by=jo\n"
    assert rows("a.csv", f"{comments}prompt,category\nA,hate\n") == (("prompt", "category"), [(4, ["A", "hate"])])


def test_a_double_column_is_refused(refused):
    text = refused("a.csv", "prompt,category, prompt\n1,2,3\n")
    assert text.startswith("a.csv, line 1: the header has a column twice: prompt.")


def test_a_quote_that_is_never_closed_refuses_its_row_alone(rows):
    content = 'prompt,category\n"fine\none",harmful\nb,illegal\n"also\nfine","harmful\nc,illegal\n'
    read, faults = split(rows("a.csv", content)[1])
    assert [row[1][0] for row in read] == ["fine\none", "b", "c"]
    assert [fault.line for fault in faults] == [5, 6]
    assert faults[0].reason.startswith("a quote is opened here and never closed.")


def test_a_quote_in_the_middle_of_a_field_refuses_its_row_alone(rows):
    content = 'prompt,category\na,harmful\n"say "hi" now",harmful\nb,hate\n"two\nlines" more,harmful\nc,hate\n'
    read, faults = split(rows("a.csv", content)[1])
    assert [(line, cells[0]) for line, cells in read] == [(2, "a"), (4, "b"), (7, "c")]
    assert [fault.line for fault in faults] == [3, 5, 6]
    assert faults[0].reason == "a quote ends in the middle of a field. Double the quotes inside a field."


def test_a_file_of_bad_quotes_or_of_one_column_is_refused(refused):
    bad = "".join(f'"a "{n}" b",hate\n' for n in range(30))
    assert "a quote ends in the middle of a field" in refused("a.csv", f"prompt,category\n{bad}")
    assert "a quote ends in the middle of a field" in refused(
        "a.csv", 'prompt\nA\n"b "c" d"\nE\n', format_name="mapped"
    )


def split(found):
    return [row for row in found if not isinstance(row, RowFault)], [row for row in found if isinstance(row, RowFault)]


@pytest.mark.parametrize("opened", [True, False])
def test_a_field_of_50_mb_is_refused_with_its_line(write, opened):
    field = b'"' + b"x y z\n" * (50 * 2**20 // 6) if opened else b"x" * (50 * 2**20)
    path = write("big.csv", b"prompt,category\na,harmful\n" + field + b"\n")
    gc.collect()  # a table that an earlier test left in the middle holds the limit
    before = csv.field_size_limit()
    with pytest.raises(FileFaultError, match=r"^big\.csv, line 3: a field is longer than 10,000,000 characters\."):
        _walk(path)
    assert csv.field_size_limit() == before


def test_a_large_field_within_the_limit_is_taken(take):
    text = "x" * (MAX_FIELD - 1)
    assert take("a.csv", f"prompt,category\n{text},harmful\n")[0].prompt.text == text


def test_a_line_without_an_end_is_refused_in_bounded_memory(write):
    path = write("big.csv", b"prompt,category\na,harmful\n" + b"x," * (35 * 2**20))
    tracemalloc.start()
    with pytest.raises(FileFaultError, match=r"^big\.csv, line 3: the line is longer than 64 MB"):
        _walk(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 * 2**20


@pytest.mark.parametrize("name", ["big.jsonl", "big.json"])
def test_a_field_of_50_mb_in_json_is_refused_with_its_line(write, name):
    lines = ['{"prompt": "a", "category": "hate"}', '{"prompt": "' + "x" * (50 * 2**20) + '", "category": "hate"}']
    path = write(name, "\n".join(lines) if name == "big.jsonl" else "[" + ",\n".join(lines) + "]")
    with pytest.raises(FileFaultError, match=rf"^{name}, line 2: a field is longer than 10,000,000 characters\."):
        _walk(path)


def _walk(path):
    with read_file(path) as reading:
        list(reading.records)


def test_json_values_become_texts(rows):
    lines = [
        {"a": "x", "b": None},
        {"a": True, "b": 1.50},
        {"b": 12345678901234567890123, "a": ["é", {"n": 1}]},
        {"a": "only"},
    ]
    expected = [["x", ""], ["true", "1.5"], ['["é", {"n": "1"}]', "12345678901234567890123"], ["only", ""]]
    found = rows("a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert found == (("a", "b"), list(enumerate(expected, 1)))


def test_json_lines_that_cannot_be_taken_are_refused_alone(rows):
    lines = [
        '{"a": "1"}',
        "",
        '{"a": ',
        '[["a"]]',
        '{"a": "\\ud83d"}',
        '{"a": "\\u0000"}',
        "[" * 100_000,
        '{"a": "\\ud83d\\ude00"}',
    ]
    found = rows("a.jsonl", "\n".join(lines))[1]
    assert [row for row in found if not isinstance(row, RowFault)] == [(1, ["1"]), (8, ["😀"])]
    faults = {row.line: row.reason for row in found if isinstance(row, RowFault)}
    assert list(faults) == [3, 4, 5, 6, 7]
    assert "not JSON" in faults[3]
    assert "not an object" in faults[4]
    assert "lone surrogate" in faults[5]
    assert "NUL" in faults[6]
    assert "nested too deeply" in faults[7]


def test_a_first_line_that_is_no_json_refuses_the_file(refused):
    assert refused("a.jsonl", "prompt,category\n").startswith("a.jsonl, line 1: the line is not JSON")


def test_a_value_that_comes_late_is_read_where_it_is_mapped(take, refused):
    content = "\n".join(['{"prompt": "A"}'] * 1000 + ['{"prompt": "B", "kind": "hate"}'])
    read = take("a.jsonl", content, mapping=ColumnMapping({Field.PROMPT: "prompt"}))
    assert read[-1].prompt.text == "B"
    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.CATEGORY: "kind"})
    assert [record.prompt.category for record in take("a.jsonl", content, mapping=mapping)[-2:]] == [None, "hate"]
    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.CATEGORY: "nowhere"})
    assert "there is no column nowhere" in refused("a.jsonl", content, mapping=mapping)


def test_a_json_array_is_streamed_with_line_numbers(rows):
    form = 'Write each as {"name": value, ...} or ["text", ...]'
    text = '[\n  {"a": "x",\n   "b": "y"},\n  {"a": "z"}, 5\n]\n'
    assert rows("a.json", text) == (
        ("a", "b"),
        [(2, ["x", "y"]), (4, ["z", ""]), RowFault(4, f"the row is not an object but a single value. {form}")],
    )


def test_a_json_array_larger_than_a_piece(rows):
    objects = [{"a": str(i), "b": "é" * 700} for i in range(1500)]
    found = rows("a.json", json.dumps(objects, ensure_ascii=False))[1]
    assert [row[1][0] for row in found] == [str(i) for i in range(1500)]


def test_a_json_file_may_hold_objects_line_by_line(rows):
    assert rows("a.json", '{"a": "x"}\n{"a":\n "y"}\n')[1] == [(1, ["x"]), (2, ["y"])]


@pytest.mark.parametrize(
    "content", ["[", '[{"a": "x"}', '[{"a": "x"},', '[{"a": "x"} {"a": "y"}]', '[{"a": "x"', "[{]"]
)
def test_broken_json_is_refused(refused, content):
    text = refused("a.json", content)
    assert text.startswith("a.json, line 1: ")
    assert "invalid or truncated" in text


@pytest.mark.parametrize("more", ['[{"a": "y"}]', '{"a": "y"}', "garbage", "]", ","])
@pytest.mark.parametrize("begin", ['[{"a": "x"}]', "[]"])
def test_what_follows_a_json_array_is_not_ignored(refused, begin, more):
    assert refused("a.json", f"{begin}\n \n{more}\n") == (
        "a.json, line 3: there is text after the array's ']'. Write all rows into one array, or one object per line."
    )


def test_a_comma_after_the_last_row_of_a_json_array_is_refused(refused):
    assert refused("a.json", '[{"a": "x"},\n\n]') == (
        "a.json, line 3: a comma stands before the ']'. Remove it, or add what is missing."
    )


def test_white_space_after_a_json_array_is_taken(rows):
    assert rows("a.json", '[{"a": "x"}]' + "\r\n\t " * 200_000)[1] == [(1, ["x"])]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_json_name_that_cannot_be_stored_refuses_its_row(rows, name):
    found = rows(name, '{"a": "1"}\n{"a": "2", "\\ud800": "3"}\n{"\\u0000": "4"}\n')
    assert found[0] == ("a",)
    assert found[1] == [
        (1, ["1"]),
        RowFault(2, "a text contains half a character (a lone surrogate such as \\ud800)"),
        RowFault(3, "a text contains a NUL character"),
    ]


@pytest.mark.parametrize(("content", "why"), [("[]", "empty"), ("[1, 2]", "no row is an"), ("prompt", "not JSON")])
def test_json_without_rows_is_refused(refused, content, why):
    assert why in refused("a.json", content)


def test_other_endings_are_told_by_their_beginning(rows):
    assert rows("a.data", '[{"a": "x"}]')[1] == [(1, ["x"])]
    assert rows("a", '{"a": "x"}\n')[1] == [(1, ["x"])]


@pytest.fixture
def prompts(write):
    """The prompts of a file without a header, and its doubts and notes."""

    def prompts(name, content, at=0, **options):
        mapping = ColumnMapping({Field.PROMPT: str(at)})
        options = ReadOptions(mapping=mapping, header=0, **options)
        with read_file(write(name, content), options=options) as reading:
            texts = [(record.line, record.prompt.text) for record in reading.records if isinstance(record, Record)]
        return texts, reading.tally.doubts, list(reading.tally.notes)

    return prompts


@pytest.mark.parametrize("mark", ["\t", "|", ";"])
def test_a_text_file_whose_lines_divide_alike_is_a_table(prompts, mark):
    lines = [f'1{mark}"Is it late, or not?{mark}x', f"2{mark}Who asks?{mark}y", f"3{mark}Who knows?{mark}z"]
    texts, doubts, notes = prompts("x.txt", "\n".join(lines), at=1)
    assert texts == [(1, '"Is it late, or not?'), (2, "Who asks?"), (3, "Who knows?")]
    assert not doubts
    assert notes[-1] == "table was read without quotes, because they do not enclose its cells"


def test_a_text_file_with_enclosing_quotes_is_read_with_them(prompts):
    lines = ['"Is it late?"\tx', '"Who ""asks""?"\ty', "Who knows?\tz"]
    assert [text for _, text in prompts("x.txt", "\n".join(lines))[0]] == ["Is it late?", 'Who "asks"?', "Who knows?"]


def test_tabs_with_quotes_that_enclose_nothing(prompts):
    assert prompts("x.tsv", '"Late\tx\n"Early" he asked\ty\n')[0] == [(1, '"Late'), (2, '"Early" he asked')]
    lines = ["One; two", "Three", "Four; five; six"]
    assert [text for _, text in prompts("x.txt", "\n".join(lines))[0]] == lines


BLOCKS = "Is it late?\nI ask myself.\n{0}\n\nIs it early?\n\n{0}\nIs it noon?\nSay yes.\n"


def test_blocks_of_lines_are_a_warning_and_can_be_read(prompts):
    texts, doubts, _ = prompts("x.txt", BLOCKS.format("===="))
    assert (len(texts), doubts[0][:16]) == (7, "2 lines are ====")
    texts, doubts, _ = prompts("x.txt", BLOCKS.format("===="), rows="====")
    assert texts == [(1, "Is it late?\nI ask myself."), (5, "Is it early?"), (8, "Is it noon?\nSay yes.")]
    content = BLOCKS.format("====").replace("Is it", "\tIs it").replace("?\n", "? \r\n")
    assert [text for _, text in prompts("x.txt", content, rows="====")[0]] == [
        "\tIs it late? \r\nI ask myself.", "\tIs it early? ", "\tIs it noon? \r\nSay yes."
    ]  # fmt: skip
    assert not doubts
    content = BLOCKS.format("")
    assert prompts("x.txt", content)[1][0].startswith("5 lines stand in 3 blocks with empty lines between them")
    assert [line for line, _ in prompts("x.txt", content, rows="empty-lines")[0]] == [1, 5, 8]
    assert prompts("x.txt", "Is it late?\n\nIs it early?\n\nIs it noon?\n\n")[1] == []


@pytest.mark.parametrize(("separator", "content"), [("----", BLOCKS.format("====")), ("empty-lines", "One?\nTwo?\n")])
def test_a_separator_that_divides_nothing_is_refused(refused, separator, content):
    assert "nothing divides its texts" in refused("x.txt", content, rows=separator, header=0)


@pytest.mark.parametrize("mark", ["::", "|||", "\t", " => ", "###", "[SEP]"])
def test_two_texts_on_each_line_are_asked_for_their_separator(write, mark):
    more = " |\tyet"
    pairs = [(f"Is it | late, {at}?", f"It is | not{more * (at % 3)}, {at}.") for at in range(1, 8)]
    path = write("x.txt", "".join(f"{ask}{mark}{say}\n" for ask, say in pairs))
    for header in (1, 0):
        with pytest.raises(FileFaultError) as asked, read_file(path, options=ReadOptions(header=header)):
            pass
        assert (asked.value.wants, asked.value.likely) == ("rows", mark.strip(" "))
    columns = ColumnMapping({Field.PROMPT: "0"})
    with read_file(path, options=ReadOptions(mapping=columns, header=0)) as file:
        assert "7 of 7 lines have " in file.tally.doubts[0]
    both = ColumnMapping({Field.PROMPT: "0", Field.RESPONSE: "1"})
    options = ReadOptions(mapping=both, header=0, rows=mark, model="oak")
    with read_file(path, options=options) as file:
        assert [(found.prompt.text, found.responses[0].text) for found in file.records] == pairs
    path.write_text("".join(f"  {ask} {mark} {say}  \n" for ask, say in pairs))
    with read_file(path, options=options) as file:
        assert [found.responses[0].text for found in file.records] == [f"{say}  " for _, say in pairs]


@pytest.mark.parametrize("content", ['{"prompt": "Is it late?", "prompt": "Is it dark?"}',
                                     '{"prompt": "Is it late?", "meta": {"a": 1, "a": 2}}'])  # fmt: skip
def test_an_object_with_a_name_twice_is_refused(write, content):
    good, last = '{"prompt": "Is it early?"}', '{"prompt": "Is it noon?"}'
    for name, written in (("x.jsonl", f"{good}\n{content}\n{last}"), ("x.json", f"[{good}, {content}, {last}]")):
        options = ReadOptions(mapping=ColumnMapping({Field.PROMPT: "prompt"}))
        with read_file(write(name, written), options=options) as file:
            found = list(file.records)
        assert [isinstance(row, RowFault) for row in found] == [False, True, False]
        assert "twice" in found[1].reason
