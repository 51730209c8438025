"""Values inside lists and conversations: read whole, asked about, or refused, and never one for several."""

import json

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.import_notes import LATER_TURNS, OTHER_KIND
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.proposals import propose
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record, RowFault
from orbench_studio.formats.tables import NestedCell

TALK = [{"role": "user", "content": "How do I bake a loaf?"}, {"role": "assistant", "content": {"answer": "Knead it."}}]
PAIR = [{"input_prompt": "Tell me of yeast.", "output": "It lives."}, {"input_prompt": "And of salt?", "output": "No."}]


def read(path, columns, **options):
    mapping = ColumnMapping({Field(part): of for part, of in columns.items()})
    with read_file(path, options=ReadOptions(mapping=mapping, model="oak", **options)) as file:
        return list(file.records), file.tally


def line(**row):
    return json.dumps(row) + "\n"


def test_a_reply_in_an_object_is_read(write):
    [record], _ = read(write("a.jsonl", line(messages=TALK)), {"prompt": "messages"})
    assert [answer.text for answer in record.responses] == ["Knead it."]


def test_a_path_leads_into_a_list_that_python_printed(write):
    table = f"q;r;m\n{[TALK[0]]};{['Knead it.', None]};oak\n[1if;[;oak\n"
    [record, fault], _ = read(write("a.csv", table), {"prompt": "q.0.content", "response": "r.0", "model": "m"})
    assert (record.prompt.text, record.responses[0].text) == ("How do I bake a loaf?", "Knead it.")
    assert fault.reason.startswith("there is no q.0.content, but the text '[1if'")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("['Knead it.' 'Fold it.']", "texts without a comma between them"),
        ("['Knead it.'\n 'Fold it.']", "texts without a comma between them"),
        ("{0: 'Knead it.', 1: 'Fold it.'}", "Knead it."),
        ("[('Knead it.', 1)]", "not a text but a list of 2"),
        ("{'0': 'Knead it.', '0': 'Fold it.'}", "the name '0' twice"),
        ("{0: 'Knead it.', '0': 'Fold it.'}", "the name '0' twice"),
        ("['Knead \\'it.\\'', \"Fold it.\"]", "Knead 'it.'"),
    ],
)
def test_what_python_printed_is_never_joined_or_dropped(write, cell, what):
    table = "q;r\nHow do I bake?;{}\n".format('"' + cell.replace('"', '""') + '"')
    [row], _ = read(write("a.csv", table), {"prompt": "q", "response": "r.0"})
    assert what in row.reason if isinstance(row, RowFault) else row.responses[0].text == what


def test_the_longest_name_of_a_path_is_looked_for_first(write):
    path = write("a.jsonl", line(q="How do I bake?", d={"a": {"x": 1}, "a.b": "Knead it."}))
    [record], _ = read(path, {"prompt": "q", "response": "d.a.b"})
    assert record.responses[0].text == "Knead it."


SYSTEM = {"role": "system", "content": "Be kind."}


@pytest.mark.parametrize(
    ("talk", "columns", "reason"),
    [
        (TALK, {"prompt": "m.0.content", "response": "m.1.content"}, None),
        ([SYSTEM, *TALK], {"prompt": "m.0.content"}, "m.0 has a turn of the system prompt, not of the user"),
        ([SYSTEM, *TALK], {"prompt": "q", "response": "m.1.content"}, "m.1 has a turn of the user, not of the model"),
        ([SYSTEM, *TALK], {"prompt": "q", "response": "m.1"}, "m.1 has a turn of the user, not of the model"),
        ([SYSTEM, *TALK], {"prompt": "q", "response": "m.2.content|m.1.content"}, None),
        (TALK, {"prompt": "q", "response": "m.content"}, "m has a turn of the user, not of the model"),
        (TALK, {"prompt": "q", "system_prompt": "m.0.content"}, "m.0 has a turn of the user, not of the system prompt"),
        ([TALK[0], {"role": "judge", "content": "Fine."}], {"prompt": "q", "response": "m.1.content"}, None),
        (
            [{"from": "gpt", "value": "Hm."}, {"from": "human", "value": "Why?"}],
            {"prompt": "m.0.value"},
            "of the model",
        ),
    ],
)
def test_a_path_to_a_turn_of_another_role_rejects_its_row(write, talk, columns, reason):
    [row], _ = read(write("a.jsonl", line(q="How do I bake?", m=talk)), columns)
    assert (reason is None) if isinstance(row, Record) else reason in row.reason


RUNS = [{"r": "Knead.", "m": "oak", "c": "refusal", "j": "ash"}, {"r": "Fold.", "m": "elm", "c": "refusal", "j": "yew"}]


@pytest.mark.parametrize(
    ("columns", "runs", "reason"),
    [
        ({"response": "of.r", "model": "of.0.m"}, RUNS, "2 responses in of.r, but of.0.m (model) is of one"),
        ({"response": "of.r", "model": "of.0.m"}, RUNS[:1], None),
        ({"response": "of.0.r", "model": "of.0.m"}, RUNS, None),
        ({"response": "of.1.r", "model": "of.0.m"}, RUNS, "model (of.0.m) and response (of.1.r) are in different"),
        ({"answer_class": "of.1.c", "judge": "of.0.j"}, RUNS, "judge (of.0.j) and answer_class (of.1.c) are in"),
        ({"response": "of.0", "answer_class": "of.1", "judge": "of.2"}, ["Knead.", "refusal", "ash"], None),
        ({"prompt": "of.0.r", "response": "of.m"}, RUNS, "2 responses in of.m, but of.0.r (prompt) is of one"),
        ({"prompt": "qs.0", "response": "of.r"}, RUNS, "2 responses in of.r, and as many parts beside qs.0"),
        ({"prompt": "qs.0", "response": "of.0.r"}, RUNS, None),
        ({"prompt": "arguments.0", "response": "of.r"}, RUNS, None),
        ({"prompt": "turns.0", "response": "of.r"}, RUNS, None),
    ],
)
def test_values_of_one_record_are_of_one_item_of_a_list(write, columns, runs, reason):
    asked = ["How do I bake?", "And then?"]
    path = write("a.jsonl", line(q=asked[0], qs=asked, turns=asked, arguments=[asked[0], {}], r="Knead.", of=runs))
    try:
        [row], _ = read(path, {"prompt": "q", "response": "r", **columns})
    except FileFaultError as error:
        row = RowFault(1, str(error))
    assert reason is None if isinstance(row, Record) else reason in row.reason


@pytest.mark.parametrize(("first", "count"), [(["Frage", "Antwort"], 1), (["Is it very late?", "No."], 0)])
def test_a_first_list_of_words_may_be_the_header(write, first, count):
    rows = [first, ["How do I bake a loaf?", "Knead it."], ["How do I slice a loaf?", "Saw it."]]
    _, tally = read(write("a.json", json.dumps(rows)), {"prompt": "0", "response": "1"})
    assert sum("first row may have the names" in text for text in tally.doubts) == count


def test_several_conversations_are_not_read_as_one(write):
    path = write("a.jsonl", line(steps=[{"messages": TALK}, {"messages": TALK}]))
    [fault], _ = read(path, {"prompt": "steps.messages"})
    assert isinstance(fault, RowFault) and "there are 2 conversations in messages" in fault.reason
    found, _ = read(path, {"prompt": "messages"}, rows="steps")
    assert [row.prompt.text for row in found if isinstance(row, Record)] == ["How do I bake a loaf?"] * 2


def test_the_rows_inside_the_lines_of_a_file_are_reached(write):
    path = write("a.jsonl", line(model="oak", rounds=PAIR) + line(model="elm", rounds=PAIR[:1]))
    found, _ = read(path, {"prompt": "input_prompt", "response": "output", "model": "model"}, rows="rounds")
    assert [(r.prompt.text, r.responses[0].model) for r in found] == [
        ("Tell me of yeast.", "oak"), ("And of salt?", "oak"), ("Tell me of yeast.", "elm")
    ]  # fmt: skip


def test_the_rows_inside_objects_by_id_are_reached(write):
    path = write("a.json", json.dumps({"results": {"7": {"qa": PAIR, "n": 1}, "8": {"qa": PAIR[:1], "n": 2}}}))
    found, _ = read(path, {"prompt": "input_prompt"}, rows="results.qa")
    assert [type(row) for row in found].count(Record) == 3


def test_responses_with_prompts_of_their_own_are_doubtful(write):
    path = write("a.jsonl", line(prompt="How do I bake a loaf?", rounds=PAIR))
    _, tally = read(path, {"prompt": "prompt", "response": "rounds.output"})
    assert "have prompts of their own beside them (rounds.input_prompt)" in tally.doubts[0]


def test_pictures_in_a_message_or_beside_the_prompt_are_counted(write):
    content = [
        {"type": "text", "text": "What is on it?"},
        {"type": "image_url", "image_url": {"url": "http://a/b.png"}},
    ]
    _, tally = read(write("a.jsonl", line(messages=[{"role": "user", "content": content}])), {"prompt": "messages"})
    assert tally.not_read == {"image_url": 1}
    path = write("b.jsonl", line(case=["pictures/1.png", "What is on this one?"]))
    _, tally = read(path, {"prompt": "case.1"})
    assert tally.not_read == {"case.0": 1}
    [fault], _ = read(path, {"prompt": "case"})
    assert "such as case.1" in fault.reason
    _, tally = read(path, {"prompt": "case.0"})
    assert tally.columns[0].identifiers == 1


def test_one_turn_of_several_is_read(write):
    path = write("a.jsonl", line(turns=["How do I bake a loaf?", "And then?"]))
    [record], _ = read(path, {"prompt": "turns.0"})
    assert record.prompt.text == "How do I bake a loaf?"
    [record], _ = read(
        write("b.jsonl", line(a=[{"turns": ["How do I bake a loaf?", "So?"]}])), {"prompt": "a.0.turns.0"}
    )
    assert record.prompt.text == "How do I bake a loaf?"


def test_lists_of_texts_by_their_ids_are_rows(write):
    texts = {f"case-{at}": [f"How do I bake loaf {at}?", f"How do I slice loaf {at}?"] for at in range(12)}
    found, _ = read(write("a.json", json.dumps(texts)), {"prompt": "text", "category": "id"})
    assert len(found) == 24 and all(isinstance(record, Record) for record in found)


@pytest.mark.parametrize(
    ("header", "rows", "what"),
    [
        (["round", "user_prompt", "response"], [["1", "How do I bake?", "Knead it."], ["2", "And then what?", "Wait."]],
         "each row may be a round of a conversation (round)"),
        (["prompt", "experiment", "response"], [["How do I bake?", "oak-7b", "Knead the dough."]] * 2,
         "experiment (“oak-7b”) may name the model"),
        (["goal", "turns"], [["How do I bake a loaf?", NestedCell(json.dumps(
            [{"turn": 1, "attacker_prompt": "How do I bake?", "target_response": "You knead it first."}]))]] * 2,
         "turns has rows of its own"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_asked(header, rows, what):
    assert any(what in asked.text for asked in propose(header, rows).questions)


@pytest.mark.parametrize(("prompts", "count"), [(["How do I bake?", "And then what?"], 1), ([TALK, TALK], 0)])
def test_a_round_without_those_before_it_is_a_warning(write, prompts, count):
    path = write("a.jsonl", "".join(line(turn=at, q=prompt) for at, prompt in enumerate(prompts)))
    _, tally = read(path, {"prompt": "q"})
    assert sum("round of a conversation (turn), and loses" in text for text in tally.doubts) == count


def test_a_label_is_proposed_by_its_words_and_an_empty_column_is_not():
    rows = [["How do I bake?", "safe", ""], ["How do I burn it?", "unsafe", ""]]
    assert propose(["prompt", "safety", "category"], rows).columns == {Field.PROMPT: "prompt", Field.LABEL: "safety"}


def test_a_response_that_is_its_prompt_is_counted(write):
    _, tally = read(write("a.csv", "q\nHow do I bake?\n"), {"prompt": "q", "response": "q"})
    assert [column.echoes for column in tally.columns if column.field == "response"] == [1]


def test_the_question_about_lists_names_all_of_one_length(refused):
    logs = {"chats": [TALK[:1]] * 2, "replies": [{"id": 1}, {"id": 2}], "notes": [{"id": 3}], "marks": [{"id": 4}] * 2}
    asked = refused("a.json", json.dumps(logs))
    assert "Choose the list with the rows: replies, notes, marks." in asked
    assert "row by row, with commas: chats, replies, marks." in asked


def test_values_beside_a_mapped_path_are_named(write):
    answers = [{"sample": 1, "response": "Knead it.", "is_odd": True, "by": {"model": "oak", "at": 3}}]
    path = write("a.jsonl", line(prompt="How do I bake a loaf?", out=answers, file={"kind": "x"}))
    _, tally = read(path, {"prompt": "prompt", "response": "out.response", "model": "out.0.by.model"})
    assert tally.notes["values beside mapped ones that are not imported (out.sample, out.is_odd, out.0.by.at)"] == 3


ASK, ASKED = "How do I bake a loaf?", {"prompt": "q"}
BESIDE = "values beside mapped ones that are not imported ({})"
AROUND = "values beside the rows that are not imported ({})"
COLUMNS = "columns that are not imported ({})"
MESSAGE = {"role": "assistant", "content": "Knead it.", "reasoning": "Flour."}


@pytest.mark.parametrize(
    ("content", "columns", "rows", "note"),
    [
        ([{"c": {"a": {"q": ASK}, "b": {"d": 1}}}], {"prompt": "c.a.q"}, None, BESIDE.format("c.b")),
        ([{"q": ASK, "r": [{"t": "Knead."}, {"t": "Fold."}]}], {**ASKED, "response": "r.0.t"}, None,
         BESIDE.format("r.1")),
        ([{"q": ASK, "r": "Knead.", "s": "Fold."}], {**ASKED, "response": "r|s"}, None, BESIDE.format("s")),
        ([{"q": [{"role": "user", "content": ASK}, MESSAGE]}], ASKED, None, BESIDE.format("q.reasoning")),
        ([{"q": ASK, "r": MESSAGE}], {**ASKED, "response": "r"}, None, BESIDE.format("r.reasoning")),
        ([{"q": ASK, "r": [{"type": "text", "text": "Knead."}, {"type": "tool_use", "name": "oven"}]}],
         {**ASKED, "response": "r"}, None, BESIDE.format("r.name")),
        ([{"q": {"t": ASK}}] * 700 + [{"q": {"t": ASK, "u": 0}}], {"prompt": "q.t"}, None, BESIDE.format("q.u")),
        ([{"about": {"kind": "x"}, "tags": ["y"], "of": [{"q": ASK}]}], ASKED, "of",
         COLUMNS.format("about, tags")),
        ({"of": [{"q": ASK}], "more": [1], "in": {"x": [2]}}, ASKED, "of", AROUND.format("more, in.x")),
        ({"a": [ASK], "b": ["Knead."], "more": [1]}, {"prompt": "a", "response": "b"}, "a,b", AROUND.format("more")),
        ({"columns": ["q"], "index": ["p7"], "data": [[ASK, "x"]]}, ASKED, None, COLUMNS.format("index, 1")),
        ({"q": {"p7": ASK, "p8": ASK}, "x": {"p7": "y", "p8": "z"}}, ASKED, None, COLUMNS.format("x, index")),
        ([{"q": ASK}] * 1001 + [{"q": ASK, "late": "x"}], ASKED, None,
         "further columns that are not imported (late)"),
    ],
)  # fmt: skip
def test_what_is_not_read_of_a_nested_file_is_named(write, content, columns, rows, note):
    _, tally = read(write("a.json", json.dumps(content)), columns, rows=rows)
    assert note in tally.notes


STATE = {"instance_id_to_label_to_value": {"i1": [[{"schema": "s", "name": "safe"}, "true"]]}, "spans": {"i1": ["x"]}}
TASK = {"data": {"prompt": ASK}, "annotations": [{"was_cancelled": True, "result": []}]}
DRAFT = {"fields": {"prompt": ASK}, "responses": {"label": [{"value": "safe", "user_id": "u", "status": "draft"}]}}
FLAT = {"prompt": ASK, "label.responses": ["safe"], "label.responses.users": ["u"], "label.responses.status": ["draft"]}
DRAFTS = "answers that were not imported, because their status is draft"
LOG = {"version": 2, "status": "success", "eval": {"model": "oak"}, "samples": [{"id": 1, "input": ASK, "events": []}]}
WILD = {"vanilla": ASK, "adversarial": "", "completion": "Knead it.", "data_type": "vanilla_benign"}


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ({"user_id": "u", **STATE}, AROUND.format("spans")),
        ([TASK], "annotations that were cancelled, and were not imported"),
        ([DRAFT], DRAFTS),
        ([FLAT], DRAFTS),
        (LOG, "further columns that are not imported (events)"),
        ([WILD], None),
    ],
)
def test_what_is_not_read_of_a_known_format_is_named(write, content, note):
    requests = write("q.jsonl", line(id="i1", text=ASK)) if "spans" in content else None
    with read_file(write("a.json", json.dumps(content)), options=ReadOptions(requests=requests)) as file:
        [record] = file.records
        assert record.prompt.text == ASK and (note is None or file.tally.notes[note] == 1)


def test_nothing_is_named_where_all_is_read(write):
    talk = [{"role": "user", "content": [{"type": "text", "text": ASK}]}, {"role": "assistant", "content": "Knead it."}]
    row = {"q": talk, "r": {"role": "assistant", "content": "Fold."}, "c": ["refusal"]}
    _, tally = read(write("a.json", json.dumps([row])), {**ASKED, "response": "r", "answer_class": "c"})
    assert not any("not imported" in note for note in tally.notes)


def test_hints_name_a_path_that_is_there(refused, take):
    """A list has places and an object has names; the longest text is the likeliest."""
    for cell, inside in (('[1, {}, "Is it?"]', "2"), ('{"n": 1, "said": "Is it?", "x": "-"}', "said"), ("{}", "NAME")):
        for part in (Field.PROMPT, Field.RESPONSE):
            other = Field.RESPONSE if part is Field.PROMPT else Field.PROMPT
            mapping = ColumnMapping({part: "a", other: "b"}, {Field.MODEL: "oak"})
            [fault] = take("x.jsonl", f'{{"a": {cell}, "b": "Text."}}', mapping=mapping)
            assert fault.reason.endswith(f"such as a.{inside}"), fault.reason


def test_columns_that_are_read_as_rows_are_counted_without_the_index(write):
    whole = {"columns": ["q", "n"], "index": [0], "data": [["Is it late?", "x"]]}
    with read_file(
        write("a.json", json.dumps(whole)), options=ReadOptions(mapping=ColumnMapping({Field.PROMPT: "q"}))
    ) as file:
        assert len(list(file.records)) == 1
        assert file.tally.notes["columns read as rows"] == 2


@pytest.mark.parametrize(
    ("turns", "path", "count"),
    [
        (["How do I bake?", "And then?"], "turns.1", 1),
        (["How do I bake?", "And then?"], "turns.0", 0),
        ([*TALK, TALK[0]], "turns.2.content", 1),
        ([SYSTEM, *TALK], "turns.1.content", 0),
    ],
)
def test_a_later_turn_without_those_before_it_is_counted(write, turns, path, count):
    _, tally = read(write("a.jsonl", line(turns=turns)), {"prompt": path})
    assert tally.notes[LATER_TURNS] == count


ROW, FAILED = {"q": ASK, "r": "Knead it.", "m": "elm"}, {"q": "Why salt?", "r": "", "m": "elm", "error": "late"}
SETTINGS = {"q": "Briefly: {x}", "m": "elm", "heat": "0"}
ANSWERS = {"prompt": "q", "response": "r", "model": "m"}
LISTS = "Rows were read from several lists: {}. Read one of them with --rows NAME, or map their names ({})."


@pytest.mark.parametrize(
    ("content", "more", "rows", "count", "doubts"),
    [
        ({"results": [ROW] * 3, "errors": [FAILED]}, {}, None, 4, [LISTS.format("results 3, errors 1", "id")]),
        ({"in": {"b": [ROW], "a": [ROW] * 2}}, {}, None, 3, [LISTS.format("in.b 1, in.a 2", "id")]),
        ({"in": {"b": [ROW], "a": [ROW] * 2}}, {}, "in", 3, [LISTS.format("in.b 1, in.a 2", "id")]),
        ({"a": [{**ROW, "id": "1"}], "b": [ROW]}, {"category": "id"}, None, 2, [LISTS.format("a 1, b 1", "around.id")]),
        ({"a": [{**ROW, "id": "1"}], "b": [ROW]}, {"category": "around.id"}, None, 2, []),
        ({str(at): [ROW] for at in range(60)}, {}, None, 60,
         [LISTS.format(", ".join(f"{at} 1" for at in range(8)) + " and 52 more", "id")]),
        ({"results": [ROW] * 3, "errors": [FAILED]}, {"category": "id"}, None, 4, []),
        ({"results": [ROW] * 3, "errors": [FAILED]}, {}, "results", 3, []),
        ({"results": [ROW] * 3, "errors": []}, {}, None, 3, []),
        ({"x": ROW, "y": ROW}, {}, None, 2, []),
        ({"settings": SETTINGS, "results": [ROW] * 3}, {}, None, 3, []),
        ({"results": [ROW] * 3, "settings": {**SETTINGS, "r": "Dough."}}, {}, None, 3, []),
    ],
)  # fmt: skip
def test_rows_of_several_lists_are_a_warning(write, content, more, rows, count, doubts):
    records, tally = read(write("a.json", json.dumps(content)), {**ANSWERS, **more}, rows=rows)
    assert (sum(isinstance(row, Record) for row in records), tally.doubts) == (count, doubts)
    assert (AROUND.format("settings") in tally.notes) == ("settings" in content)


def test_an_object_beside_the_rows_is_not_called_unread_if_it_is_mapped(write):
    path = write("a.json", json.dumps({"settings": SETTINGS, "results": [{"q": ASK, "r": "Knead it."}] * 2}))
    _, tally = read(path, {**ANSWERS, "model": "file.settings.m"})
    assert AROUND.format("settings") not in tally.notes


@pytest.mark.parametrize(
    ("first", "between", "last", "columns", "count"),
    [
        ([SETTINGS], [ROW] * 3, [], ANSWERS, 1),
        ([], [ROW] * 3, [{"q": "overall", "n": 3}], ANSWERS, 1),
        ([SETTINGS], [ROW] * 1200, [{"q": "overall"}], ANSWERS, 2),
        ([SETTINGS], [ROW, {"q": ASK, "m": "elm"}, ROW], [], ANSWERS, 0),
        ([FAILED], [ROW] * 3, [FAILED], ANSWERS, 0),
        ([SETTINGS], [ROW] * 3, [], {"prompt": "q"}, 0),
        ([SETTINGS], [{"q": ASK, "s": "Fold it."}] * 3, [], {"prompt": "q", "response": "r|s"}, 1),
        ([ROW], [{"q": ASK, "s": "Fold it."}] * 3, [], {"prompt": "q", "response": "r|s"}, 0),
    ],
)
def test_a_first_or_last_line_of_another_kind_is_counted(write, first, between, last, columns, count):
    lines = [*first, *between, *last]
    for name, text in (("a.jsonl", "".join(line(**row) for row in lines)), ("a.json", json.dumps(lines))):
        _, tally = read(write(name, text), columns)
        assert tally.notes[OTHER_KIND] == count
