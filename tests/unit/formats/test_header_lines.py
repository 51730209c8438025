"""Lines above the names of the columns, and cells of workbooks whose value is not in the file."""

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import preview_file, read_file
from orbench_studio.formats.records import Record, RowFault
from tests.unit.formats.test_field_tools import workbook

TITLES = [["Results of a study, in detail"], [""], ["prompt", "category"]]
ROWS = [["How do I bake a loaf?", "x"], ["Is it late?", "y"]]
NOTE = "lines above the names of the columns were not read (Results of a study, in detail)"


def table(kind):
    rows = [*TITLES, *ROWS]
    if kind == "a.xlsx":
        return workbook(rows)
    mark = "\t" if kind == "a.tsv" else ";" if kind == "b.csv" else ","
    return ("sep=;\n" if kind == "b.csv" else "") + "".join(f"{mark.join(row)}\n" for row in rows)


def read(path, columns, **options):
    mapping = ColumnMapping({Field(part): of for part, of in columns.items()})
    with read_file(path, options=ReadOptions(mapping=mapping, model="oak", **options)) as file:
        return list(file.records), file.tally


@pytest.mark.parametrize("kind", ["a.csv", "b.csv", "a.tsv", "a.xlsx"])
def test_the_line_with_the_names_of_the_columns_is_asked_for_and_chosen(write, kind):
    path, line = write(kind, table(kind)), 4 if kind == "b.csv" else 3
    for mapping in (None, ColumnMapping({Field.PROMPT: "prompt"})):
        with pytest.raises(FileFaultError) as asked, read_file(path, options=ReadOptions(mapping=mapping)):
            pass
        assert (asked.value.wants, asked.value.likely) == ("header", str(line))
    found, tally = read(path, {"prompt": "prompt", "category": "category"}, header=line)
    assert [(row.line, row.prompt.text, row.prompt.category) for row in found] == [
        (line + at, *row) for at, row in enumerate(ROWS, 1)
    ]
    assert tally.notes[NOTE] == 1
    assert preview_file(path, ReadOptions(header=line)).header == ("prompt", "category")
    _, tally = read(path, {"prompt": "0"}, header=0)
    assert f"Line {line} seems to have the names of the columns, but is read as a row." in tally.doubts


def test_texts_in_a_column_without_a_name_are_counted(write):
    path = write("a.csv", ",q,,c\n0,Is it late,,x\n1,I like tea, coffee,y\n2,Why?,,z\n")
    records, tally = read(path, {"prompt": "q", "category": "c"})
    assert len(records) == 3
    assert tally.notes["rows with a text in a column without a name (it is not imported)"] == 1


def test_quotes_below_a_title_that_enclose_nothing_are_characters(write):
    path = write("a.tsv", 'A study\nprompt\tnote\n"Late?\tx\nEarly?"\ty\n"Why?\tz\n')
    assert [row.prompt.text for row in read(path, {"prompt": "prompt"}, header=2)[0]] == ['"Late?', 'Early?"', '"Why?']


@pytest.mark.parametrize(("name", "content"), [("a.json", '[{"q": "Is it late?"}]'), ("a.csv", "q\nIs it late?\n")])
def test_a_line_that_is_not_there_is_refused(refused, name, content):
    assert refused(name, content, header=5, mapping=ColumnMapping({Field.PROMPT: "q"}))


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("<c><v>12345678901234567</v></c>", "12345678901234567"),
        ("<c><v>-12345678901234567</v></c>", "-12345678901234567"),
        ("<c><v>1.234567890123457e+16</v></c>", "column 2 has a number with more digits than the workbook stores"),
        ('<c t="e"><v>#REF!</v></c>', "column 2 has the error #REF!"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "column 2 has the error #DIV/0!"),
        ('<c t="e"><v>#N/A</v></c>', None),
        ("<c><f>A1</f><v/></c>", "column 2 has a formula without a result"),
        ('<c t="str"><f>A1</f><v></v></c>', None),
        ("<c><f>6*7</f><v>42</v></c>", "42"),
        ('<c t="b"><v>1</v></c>', "true"),
    ],
)
def test_what_a_cell_has_is_read_as_it_is_or_named(write, cell, found):
    path = write("a.xlsx", workbook([["q", "k"], ["How do I bake?", cell], ["Is it late?", "b"]]))
    [row, other], _ = read(path, {"prompt": "q", "key": "k"})
    assert other.prompt.external_key == "b"
    if isinstance(row, RowFault):
        assert found in row.reason
    else:
        assert row.prompt.external_key == found
    assert all(isinstance(row, Record) for row in read(path, {"prompt": "q"})[0]), "no column is mapped to it"


def test_a_number_has_the_leading_zeros_that_its_format_shows(write):
    styles = (
        '<numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="1"/></cellXfs>'
    )
    cells = ['<c s="1"><v>7</v></c>', '<c s="1"><v>1234</v></c>', '<c s="2"><v>7</v></c>', '<c s="1"><v>-7</v></c>']
    rows = [["q", "k"], *([f"Is it {at}?", cell] for at, cell in enumerate(cells))]
    found, _ = read(write("a.xlsx", workbook(rows, styles=styles)), {"prompt": "q", "key": "k"})
    assert [row.prompt.external_key for row in found] == ["007", "1234", "7", "-7"]


def test_hidden_sheets_are_read_last_and_hidden_rows_are_counted(write):
    hidden = '<row hidden="1"><c t="inlineStr"><is><t>Is it late?</t></is></c></row>'
    sheets = '<sheet name="A" sheetId="1" state="hidden" r:id="r"/><sheet name="S" sheetId="2" r:id="r"/>'
    found, tally = read(write("a.xlsx", workbook([["q"], ["Why?"], hidden], sheets=sheets)), {"prompt": "q"})
    assert [row.prompt.text for row in found] == ["Why?", "Is it late?"]
    assert tally.notes["sheets, of which the first with rows was read (choose with --rows): S, A (hidden)"] == 2
    assert tally.notes["rows that are hidden in the workbook, and were read too"] == 1


def test_a_merged_cell_has_its_value_in_each_of_its_rows(write):
    rows = [["q", "k"], ["How do I bake?", "a"], ["Is it late?", ""], ["Why?", ""]]
    merged = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    found, _ = read(write("a.xlsx", workbook(rows, merged)), {"prompt": "q", "category": "k"})
    assert [row.prompt.category for row in found] == ["a", "a", None]


@pytest.mark.parametrize(("mark", "count"), [("; ", 1), (" | ", 1), (";", 2), ("|", 2), ("\t", 2)])
def test_one_mark_before_a_space_in_each_line_is_punctuation(write, mark, count):
    texts = [f"What is {at}{mark}and who knows {at}?" for at in range(3)]
    path = write("a.txt", "\n".join(texts))
    found, tally = read(path, {"prompt": "0"}, header=0)
    assert [row.prompt.text for row in found] == (texts if count == 1 else [f"What is {at}" for at in range(3)])
    assert ["3 of 3 lines have" in doubt for doubt in tally.doubts] == [True] * (count == 1)
    found, _ = read(path, {"prompt": "1"}, header=0, rows=mark.strip(" ") if count == 1 else None)
    assert [row.prompt.text for row in found] == [f"and who knows {at}?" for at in range(3)]


def test_the_line_without_the_separator_of_two_texts_is_named(refused):
    content = "Is it late? :: No.\n\nIs it early?\nIs it noon? :: Yes.\n"
    text = refused("x.txt", content, rows="::", header=0)
    assert text.startswith("x.txt, line 3: '::' divides 2 other lines, but not this one")
