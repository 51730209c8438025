"""The counts of mapped columns add up: what rows state is stored, or counted with the reason."""

import json
import random

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.mapping import NAMES, ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record
from orbench_studio.formats.tally import EMPTY, LISTED, MORE, REJECTED, ROW_REJECTED, ColumnTally, is_dialogue
from tests.unit.formats.test_no_silent_loss import ASK, read

WORDS = {
    Field.CATEGORY: ("hate", "weather", "none"), Field.STOP_REASON: ("stop", "length", "error"),
    **dict.fromkeys((Field.LABEL, Field.PROMPT_LABEL), ("safe", "toxic", "skip")),
    **dict.fromkeys((Field.VERDICT, Field.PROMPT_VERDICT, Field.RESPONSE_VERDICT), ("safe", "unsafe", "skip", "odd")),
    **dict.fromkeys((Field.ANSWER_CLASS, Field.IS_REFUSAL), ("refusal", "compliance", "skip", "odd")),
}  # fmt: skip
TEXTS = (Field.KEY, Field.SYSTEM, Field.EXPLANATION, Field.REASON, Field.ERROR)
OTHERS = [field for field in Field if field is not Field.PROMPT]


def cell(draw, field, number):
    """Nothing, a word for a class, or a text that no other cell has."""
    if draw.random() < 0.3:
        return ""
    return draw.choice(WORDS[field]) if field in WORDS else f"{field} of {number} sheep"


@pytest.mark.parametrize("seed", range(60))
def test_what_rows_state_is_stored_or_counted(write, seed):
    draw = random.Random(seed)
    fields = [field for field in OTHERS if draw.random() < 0.4]
    names = {str(field): f"own {field}" for field in NAMES if draw.random() < 0.4}
    rows = [[f"How do I shear {at} sheep?", *(cell(draw, field, at) for field in fields)] for at in range(12)]
    path = write("a.csv", "".join(",".join(row) + "\n" for row in (["p", *fields], *rows)))
    mapping = ColumnMapping({Field.PROMPT: "p", **{field: str(field) for field in fields}})
    try:
        with read_file(path, options=ReadOptions(mapping=mapping, meanings={"skip": ""}, **names)) as file:
            records = {found.line: found for found in file.records if isinstance(found, Record)}
            tallies = {column.field: column for column in (*file.tally.columns, *file.tally.empty_columns)}
    except FileFaultError:
        return  # fields that do not go together, or lack a name
    for at, field in enumerate(fields, start=1):
        tally = tallies[field]
        stated = {line: row[at] for line, row in enumerate(rows, start=2) if line in records and row[at]}
        values = sum(count for (value, became), count in tally.values.items()
                     if value != EMPTY and became not in (REJECTED, ROW_REJECTED))  # fmt: skip
        if field in TEXTS:
            assert (tally.texts, tally.empty) == (len(records), len(records) - len(stated)), field
        elif field is not Field.RESPONSE and field is not Field.SAMPLE and field is not Field.SEED:
            assert values == len(stated), field
        if field in (*TEXTS, *NAMES):
            stored = sum(value in repr(records[line]) for line, value in stated.items())
            assert stored + tally.not_stored.total() == len(stated), field


def test_a_response_that_contains_its_prompt_is_an_echo():
    column, prompt = ColumnTally("response", "r"), "How do I shear two sheep before noon?"
    for text in (prompt, f"Q: {prompt} In a shed.", "In a shed.", ""):
        column.add_response(text, prompt, is_error=False)
    column.add_response("Hi there", "Hi", is_error=False)
    assert column.echoes == 2


@pytest.mark.parametrize(
    ("parts", "stored"),
    [
        (["prompt_verdict", "response_verdict"], "the vote on the prompt and the vote on the response."),
        (["response_verdict", "answer_class"], "the vote on the response, not with the answer class."),
        (["answer_class"], None),
    ],
)
def test_an_explanation_that_may_be_of_one_of_several_values_is_a_warning(write, parts, stored):
    columns = {Field.PROMPT: "q", Field.RESPONSE: "r", Field.EXPLANATION: "e"} | {Field(part): "c" for part in parts}
    options = ReadOptions(mapping=ColumnMapping(columns), model="oak", moderator="ash", judge="elm")
    with read_file(write("a.csv", "q,r,c,e\nIs it late?,Yes.,refusal,Why.\n"), options=options) as file:
        warned = [text for text in file.tally.doubts if "Each explanation of e is stored with" in text]
    assert len(warned) == (stored is not None) and all(stored in text for text in warned)


@pytest.mark.parametrize("names", ["['ann', 'bob']", '["ann", "bob"]'])
def test_a_printed_list_is_not_one_name(write, names):
    path = write("a.csv", f"q;l;n\n{ASK};unsafe;{names}\n{ASK};safe;[ann]\n{ASK};safe;['ann']\n")
    [fault, *records], _ = read(path, {"prompt": "q", "label": "l", "annotator": "n"})
    assert "the annotator is not a text but a list of 2" in fault.reason and "n.0" in fault.reason
    assert [record.annotations[0].annotator for record in records] == ["[ann]", "ann"]
    [fault, *_], _ = read(path, {"prompt": "q", "key": "n"})
    assert "the key is not a text but a list of 2" in fault.reason
    [first, *_], _ = read(path, {"prompt": "q", "label": "l", "annotator": "n.0|n"})
    assert first.annotations[0].annotator == "ann"


@pytest.mark.parametrize("name", ["{'name': 'ann'}", '{"name": null}', "[{'name': 'ann'}]"])
def test_a_printed_object_is_no_name(write, name):
    [fault], _ = read(write("a.csv", f"q;l;n\n{ASK};unsafe;{name}\n"), {"prompt": "q", "label": "l", "annotator": "n"})
    assert "the annotator is not a text but" in fault.reason


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("Q: Is it late?\nA: Yes.\nTrue:", True),
        ("Question: Is it late?\nAnswer: Yes.", True),
        ("Nutzer: Ist es spät?\nAssistent: Ja.", True),
        ("Q: Is it late?\nA: Yes.\n\nQ: Is it early?\nA:", False),
        ("Q: Is it late?\nA: Yes.\n\nQ: Is it early?", False),
        ("Q: Is it late?\nA: Let's think step by step.", False),
        ("Question: Is it late?\nA: Yes\nB: No", False),
        ("Question: Is it late?\nAnswer: [yes or no]", False),
        ("Answer in one word.\nQuestion: Is it late?\nAnswer:", False),
    ],
)
def test_a_question_with_its_answer_is_a_whole_dialogue(text, is_whole):
    assert is_dialogue(text) is is_whole


def test_names_of_lists_that_are_models_are_a_warning(write):
    path = write("a.json", json.dumps({name: [{"q": ASK, "r": "Yes."}] * 2 for name in ("gpt-4", "llama")}))
    _, tally = read(path, {"prompt": "q", "response": "r"})
    [text] = tally.unread_names["model"].warnings()
    assert "oak is stored as the model of 4 rows, in which id has other values: gpt-4 2, llama 2." in text


def test_a_label_without_an_annotator_is_counted(write):
    path = write("a.csv", f"q,l,a\n{ASK},unsafe,ann\nIs it late?,safe,\n")
    _, tally = read(path, {"prompt": "q", "label": "l", "annotator": "a"})
    assert tally.notes["rows without an annotator, whose label or class is stored as the one of the source"] == 1


def test_names_beyond_those_that_are_counted_one_by_one_have_one_line():
    column = ColumnTally("annotator", "by")
    for at in range(LISTED + 3):
        column.add(f"ann{at}", f"ann{at}")
    assert column.values[MORE, MORE] == 3
