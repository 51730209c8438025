"""Rows are joined to their requests by the columns that have the same values in both files, or the user is asked."""

import json

import pytest

from orbench_studio.errors import CancelledError, FileFaultError
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record

ASK = ("How do I shear a sheep?", "How do I mend a fence?", "How do I milk a goat?")
ALSO = "it may be joined by {}, which give the rows different requests. Say which one."
COLUMNS = {Field.PROMPT: "request.text", Field.RESPONSE: "a", Field.MODEL: "m"}


def lines(names, rows, **all_rows):
    return "\n".join(json.dumps(dict(zip(names.split(), row, strict=True)) | all_rows) for row in rows)


def answers(names, *rows):
    return lines(f"{names} a", [(*row, f"On {at}.") for at, row in zip((1, 0, 2), rows, strict=False)], m="oak")


def requests(names, *rows):
    return lines(f"{names} text", [(*(row if isinstance(row, tuple) else [row]), text)
                                     for row, text in zip(rows, ASK, strict=True)])  # fmt: skip


RUNNING = answers("id prompt_id", ("1", "2"), ("2", "1"))
UNLIKE = answers("id prompt_id", ("r1", "p2"), ("r2", "p1"))
TWICE = f"{requests('id prompt_id', (1, 'a'), (2, 'b'), (3, 'c'))}\n" + json.dumps(
    {"id": 4, "prompt_id": "b", "text": ASK[1]}
)


@pytest.mark.parametrize(
    ("asked", "given", "joined_by", "by"),
    [
        (requests("id", "1", "2", "3"), RUNNING, "prompt_id=id", "prompt_id=id"),
        (requests("id", "1", "2", "3"), RUNNING, None, ALSO.format("id or prompt_id=id")),
        (requests("id prompt_id", *(("1", "2"), ("2", "1"), ("3", "3"))),
         answers("id prompt_id", ("1", "1"), ("2", "2")), None, ALSO.format("id or prompt_id")),
        (requests("id prompt_id", *(("2", "1"), ("1", "2"), ("3", "3"))), RUNNING, None, "id"),
        (requests("id", "p1", "p2", "p3"), UNLIKE, None, "prompt_id=id"),
        (requests("id", " p1", "p2 ", "p3"), UNLIKE.replace("p2", " p2  "), None, "prompt_id=id"),
        (requests("id", 1, 2, 3), answers("id prompt_id", (1, 1), (2, 2)), None, ALSO),
        (requests("run_id", "x1", "x2", "x3"), answers("prompt_id run_id", ("q", "x2"), ("q", "x1")), None, "run_id"),
        (requests("BehaviorID", "x1", "x2", "x3"), answers("id", ("x2",), ("x1",)), None, "id=BehaviorID"),
        (requests("id", 1, 2, 3), answers("id", (2.0,), (1.0,)), None, "id"),
        (requests("index", 0, 1, 2), answers("dataset_index", (1,), (0,)), None, "dataset_index=index"),
        (requests("id model_id", *(("p1", "m"), ("p2", "m"), ("p3", "m"))),
         answers("model_id prompt_id", ("m", "p2"), ("m", "p1")), None, "prompt_id=id"),
        (requests("number", 7, 8, 9), answers("asked", (8,), (7,)), "asked=number", "asked=number"),
        (requests("number", 7, 8, 9), answers("asked", (8,), (7,)), None, "no column that names the requests"),
        (requests("id", 1, 1, 2), answers("id", (1,), (2,)), None, "line 2: two rows have the id '1'"),
        (requests("id", 1, 2, 3), answers("id", (2,), (1,)), "nr=id", "no column nr joins it"),
        (TWICE, answers("id prompt_id", (1, "b"), (2, "a")), None, ALSO.format("id or prompt_id")),
        (TWICE, answers("id prompt_id", (1, "b"), (2, "a")), "prompt_id", "prompt_id"),
        (requests("id prompt_id", *((1, "a"), (2, "b"), (3, "a"))), answers("id prompt_id", (1, "b"), (2, "b")), None,
         ALSO.format("id or prompt_id")),
    ],
)  # fmt: skip
def test_rows_are_joined_by_the_columns_with_the_same_values(write, asked, given, joined_by, by):
    if by is ALSO:  # both columns give the same requests
        given, by = given.replace('"On 1."', '"-"').replace('"On 0."', '"On 1."').replace('"-"', '"On 0."'), "id"
    path = write("q.jsonl", asked)
    options = ReadOptions(mapping=ColumnMapping(COLUMNS), requests=path, joined_by=joined_by)
    try:
        with read_file(write("a.jsonl", given), options=options) as file:
            records = list(file.records)
    except FileFaultError as error:
        assert by in str(error)
        assert (error.wants == "joined_by") == ("line 2" not in by and "nr" not in by)
        return
    assert [r.prompt.text for r in records if isinstance(r, Record)] == [
        ASK[int(r.responses[0].text[3])] for r in records
    ]
    assert file.tally.notes[f"rows joined to q.jsonl by {by}"] == 2


def test_a_key_that_some_requests_lack_is_better_than_a_running_number(write):
    """The running number of the results is that of a request only in few rows."""
    asked = "\n".join(json.dumps({"id": at, "text": f"{ASK[0]} {at}"}) for at in range(5))
    given = "\n".join(
        json.dumps({"id": at, "prompt_id": at % 5, "a": f"So {at % 5} of {at}.", "m": "oak"}) for at in range(20)
    )
    options = ReadOptions(mapping=ColumnMapping(COLUMNS), requests=write("q.jsonl", asked))
    with read_file(write("a.jsonl", given), options=options) as file:
        records = list(file.records)
    assert len(records) == file.tally.notes["rows joined to q.jsonl by prompt_id=id"] == 20
    assert all(r.prompt.text[-1] == r.responses[0].text[3] for r in records)


def test_the_column_of_a_format_joins_unless_only_another_one_can(write):
    """Also where the results of a known format have a key of their own in both files."""
    row = {"prompt_id": "c", "run_id": "x", "model": "oak", "response_text": "So.", "text": ASK[0]}
    for request, by in (({"run_id": "x"}, "run_id"), ({"id": "c", "run_id": "y"}, "prompt_id=id")):
        asked = write("q.jsonl", json.dumps({**request, "prompt": ASK[1]}) + "\n" + json.dumps({"run_id": "z"}))
        with read_file(write("a.jsonl", json.dumps(row)), options=ReadOptions(requests=asked)) as file:
            [record] = file.records
        assert (file.format, record.prompt.text) == ("refusalbench", ASK[1])
        assert file.tally.notes[f"rows joined to q.jsonl by {by}"] == 1


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_the_search_for_the_columns_that_join_can_be_cancelled(write, parts):
    asked, given = write("q.jsonl", requests("id prompt_id", *[("1", "x")] * 3)), write("a.jsonl", RUNNING)
    read = []

    def goes_on(_done, total):
        if read[-1:] != [total]:
            read.append(total)
        if len(read) == parts:
            raise CancelledError

    options = ReadOptions(requests=asked, mapping=ColumnMapping(COLUMNS))
    with pytest.raises(CancelledError), read_file(given, options=options, on_progress=goes_on):
        pytest.fail("nothing is left to cancel")
    assert read == [file.stat().st_size for file in (given, asked, given)][:parts]
