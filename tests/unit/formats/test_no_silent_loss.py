"""Values that could be read as those of another row, response or name: read as what they are, refused, or named."""

import json

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.import_doctor import Fault
from orbench_studio.formats.import_notes import NOTHING
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import preview_file, read_file
from orbench_studio.formats.records import Record, RowFault

ASK, ASKED, ANSWERED = "How do I bake a loaf?", {"prompt": "q"}, {"prompt": "q", "response": "r"}
OF_RUNS = {"prompt": "q", "response": "of.r", "answer_class": "of.c"}


def read(path, columns, **options):
    mapping = ColumnMapping({Field(part): of for part, of in columns.items()})
    with read_file(path, options=ReadOptions(mapping=mapping, model="oak", judge="ash", **options)) as file:
        return list(file.records), file.tally


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv"])
def test_nan_in_json_is_a_missing_value(write, ending):
    row = '{"q": "Why?", "n": {"k": NaN, "s": NaN, "m": []}, "k": NaN}'
    cell = 'q,n\nWhy?,"{""k"": NaN, ""s"": NaN, ""m"": NaN}"'
    path = write(f"a.{ending}", {"jsonl": row, "json": f"[{row}]", "csv": cell}[ending])
    [record], _ = read(path, {"prompt": "q", "key": "n.k", "system_prompt": "n.s", "seed": "n.m"})
    assert (record.prompt.external_key, record.prompt.seed, record.prompt.attributes) == (None, None, {})


def test_a_word_for_a_missing_value_is_no_key_or_name(write):
    path = write("a.csv", "q,r,k,m,s,d\nWhy?,So.,None,[],NaN,<NA>\nnan,So.,k1,elm,Be kind.,Who?\n")
    columns = {**ANSWERED, "key": "k", "model": "m", "system_prompt": "s", "seed": "d"}
    [record, other], tally = read(path, columns)
    assert (record.prompt.external_key, record.prompt.seed, record.prompt.attributes) == (None, None, {})
    assert record.responses[0].model == "oak" and other.prompt.text == "nan" and tally.notes[NOTHING] == 1


@pytest.mark.parametrize(
    ("content", "columns", "texts"),
    [
        ({"r": [["Knead.", "Fold."], ["Prove."]]}, ANSWERED, ["Knead.", "Fold.", "Prove."]),
        ({"r": ["Knead.", "Fold."], "c": ["refusal"]}, {**ANSWERED, "answer_class": "c"}, "2 responses, but 1 value"),
        ({"r": ["a", "b", "c"], "c": ["refusal"] * 2}, {**ANSWERED, "answer_class": "c"}, "3 responses, but 2 values"),
        ({"r": ["Knead.", "Fold."], "c": "refusal", "e": ["Why."]},
         {**ANSWERED, "answer_class": "c", "explanation": "e"}, "2 responses, but 1 value in e"),
        ({"r": ["Knead.", "Fold."], "c": ["refusal"] * 3}, {**ANSWERED, "answer_class": "c"}, "but 3 values in c"),
        ({"r": "Knead.", "c": ["refusal"] * 2}, {**ANSWERED, "answer_class": "c"}, "is 1 response, but 2 values"),
        ({"of": [{"r": ["a", "b"], "c": ["refusal"]}, {"r": ["c"], "c": ["refusal"] * 2}]}, OF_RUNS, "same lengths"),
        ({"of": [{"r": ["a", "b"], "c": "refusal"}, {"r": [], "c": "refusal"}]}, OF_RUNS, "the same lengths"),
        ({"of": [{"in": [{"r": ["a", "b"], "c": ["refusal"]}, {"r": ["c"], "c": ["refusal"] * 2}]}]},
         {**ANSWERED, "response": "of.in.r", "answer_class": "of.in.c"}, "the same lengths"),
        ({"of": [{"r": [{"type": "text", "text": "a"}]}, {"r": [{"type": "text", "text": "b"}]}]},
         {**ANSWERED, "response": "of.r"}, "2 texts in parts in r. Name one: 0.r"),
        ({"r": [{"text": "Knead."}, {"text": "Fold."}]}, ANSWERED, "not a text but a list of 2"),
        ({"r": {"text": ["Knead.", "Fold."]}}, ANSWERED, "not a text but a list of 2"),
        ({"r": [{"type": "a", "text": "Knead."}, {"type": "b", "text": "Fold."}]}, ANSWERED, "a list of 2"),
        ({"r": [[["Knead.", "Fold."]]]}, ANSWERED, "not a text but a list of 1"),
        ({"r": [{"text": "Knead."}, {"text": "Fold."}]}, {"prompt": "q", "response": "r.text"}, ["Knead.", "Fold."]),
        ({"r": "Knead.", "s": ["Be kind.", "Be short."]}, {**ANSWERED, "system_prompt": "s"}, "a list of 2"),
    ],
)  # fmt: skip
def test_several_values_are_neither_joined_nor_given_to_others(write, content, columns, texts):
    [record], _ = read(write("a.json", json.dumps([{"q": ASK, **content}])), columns)
    if isinstance(record, RowFault):
        assert texts in record.reason
    else:
        assert [response.text for response in record.responses] == texts


@pytest.mark.parametrize("content", [
    {"r": ["Knead.", "Fold."], "c": ["safe", "toxic"], "e": ["Why.", "How."]},
    {"r": [["Knead."], ["Fold."]], "c": ["safe", "toxic"], "e": [["Why."], ["How."]]},
])  # fmt: skip
def test_each_response_has_its_own_explanation(write, content):
    path = write("a.json", json.dumps([{"q": ASK, **content}, {"q": ASK, "r": "So.", "c": "safe", "e": "Why."}]))
    columns = {**ANSWERED, "response_verdict": "c", "explanation": "e", "moderator": "q"}
    [record, _], tally = read(path, columns)
    assert [of.votes[0].explanation for of in record.responses] == ["Why.", "How."]
    [counted] = [column for column in tally.columns if column.field == "explanation"]
    assert (counted.texts, counted.not_stored.total()) == (3, 0)
    columns = {**ANSWERED, "answer_class": "c", "explanation": "e"}
    [record, _], _ = read(path, columns, meanings={"safe": "direct_answer", "toxic": "direct_refusal"})
    assert [of.judgements[0].explanation for of in record.responses] == ["Why.", "How."]


@pytest.mark.parametrize(("value", "texts"), [({"t": None}, []), ({"t": "Fold."}, ["Fold."]), ("So.", ["So."]),
                                              ([{"t": None}, {"t": "So."}, "Why."], ["So.", "Why."])])  # fmt: skip
def test_a_path_whose_end_is_null_is_no_response_beside_the_whole_value(write, value, texts):
    path = write("a.json", json.dumps([{"q": ASK, "r": value}]))
    [record], _ = read(path, {**ANSWERED, "response": "r.t|r"})
    assert [response.text for response in record.responses] == texts


def test_a_value_that_stands_for_several_responses_is_counted(write):
    path = write("a.json", json.dumps([{"q": ASK, "r": ["Knead.", "Fold."], "c": "refusal"}]))
    _, tally = read(path, {**ANSWERED, "answer_class": "c"})
    assert tally.notes["rows whose answer class is used for each of their responses"] == 1


@pytest.mark.parametrize(
    ("content", "columns", "rows", "found"),
    [
        ([{"q": ASK, "label": "toxic", "runs": [{"r": "Knead.", "label": "safe"}, {"r": "Fold."}]}],
         {**ANSWERED, "category": "label"}, "runs", ["safe", None]),
        ([{"q": ASK, "label": "toxic", "runs": [{"r": "Knead.", "label": "safe"}, {"r": "Fold."}]}],
         {**ANSWERED, "category": "around.label"}, "runs", ["toxic", "toxic"]),
        ([{"q": ASK, "c": "x", "a": [{"c": "y", "b": [{"r": "Knead."}]}]}], {**ANSWERED, "category": "c"}, "a.b",
         ["y"]),
        ([{"q": ASK, "c": "x", "a": [{"c": "y", "b": [{"r": "Knead."}]}, {"b": [{"r": "Fold."}]}]}],
         {**ANSWERED, "category": "around.c"}, "a.b", ["x", "x"]),
        ({"of": {"warm": [{"id": "1", "q": ASK}], "cold": [{"id": "2", "q": "Why?"}]}},
         {**ASKED, "category": "around.id"}, None, ["warm", "cold"]),
        ({"of": {"w": {"id": "1", "q": ASK}, "v": {"q": "Why?"}}}, {**ASKED, "category": "id"}, None, ["1", None]),
        ({"kind": "x", "of": [{"file": "a.txt", "q": ASK}]}, {**ASKED, "category": "around.file.kind"}, None, ["x"]),
        ({"q": {"p7": ASK, "p8": "Why?"}, "index": {"p7": "y", "p8": "z"}}, {**ASKED, "category": "around.index"}, None,
         ["p7", "p8"]),
        ({"columns": ["index", "q"], "index": ["p7"], "data": [["y", ASK]]}, {**ASKED, "category": "around.index"},
         None, ["p7"]),
        ([{"q": ASK, "in": {"c": "x", "pad": "-" * 3000}, "of": [{"r": "Knead."}]}], {**ANSWERED, "category": "in.c"},
         "of", ["x"]),
    ],
)  # fmt: skip
def test_a_row_has_its_own_values_and_those_around_it_by_other_names(write, content, columns, rows, found):
    for name, text in (("a.json", json.dumps(content)), ("a.jsonl", "\n".join(map(json.dumps, content)))):
        if rows or name == "a.json":
            records, _ = read(write(name, text), columns, rows=rows)
            assert [record.prompt.category for record in records] == found


def test_what_stands_around_rows_is_named_and_never_theirs(write):
    rows = [{"q": ASK, "c": "x", "of": [{"r": "Knead."}]}] * 1000 + [{"q": ASK, "of": [{"r": "Fold.", "c": "y"}]}]
    records, tally = read(write("a.json", json.dumps(rows)), ANSWERED, rows="of")
    assert "the row has the name c, as what stands around" in records[-1].reason
    _, tally = read(write("b.json", json.dumps(rows[::-1])), ANSWERED, rows="of")
    assert "columns that are not imported (c, around.c)" in tally.notes


def test_a_path_that_ends_at_a_text_rejects_its_row(write):
    rows = [{"q": ASK, "r": r, "s": {"t": "Be kind."}} for r in ({"t": "Knead."}, "Fold.", ["Prove."], None, "", {})]
    rows += [{"q": ASK, "r": {"t": "Bake."}, "s": "Be short."}]
    columns = {**ANSWERED, "response": "r.t", "system_prompt": "s.t"}
    found, tally = read(write("a.json", json.dumps(rows)), columns)
    reasons = [row.reason.partition(" in ")[0] for row in found if isinstance(row, RowFault)]
    texts = ("r.t, but the text 'Fold.'", "r.t, but the text 'Prove.'", "s.t, but the text 'Be short.'")
    assert reasons == [f"there is no {text}" for text in texts]
    assert [len(row.responses) for row in found if isinstance(row, Record)] == [1, 0, 0, 0]
    assert tally.notes["rows with no response were read as prompts only"] == 3


@pytest.mark.parametrize(
    ("content", "path", "texts"),
    [
        ({"r": ["Knead.", None, "Fold."], "c": ["refusal", None, "refusal"]}, "r", ["Knead.", "Fold."]),
        ({"r": ["Knead.", None], "c": ["refusal", "refusal"]}, "r", ["Knead.", ""]),
        ({"r": [{"t": "Knead."}, {"u": 1}]}, "r.t", ["Knead."]),
        ({"r": {"t": ""}}, "r.t", [""]),
        ({"r": {"t": []}}, "r.t", []),
        ({"r": {"t": [None]}}, "r.t", []),
        ({"r": [None], "c": ["refusal"]}, "r", [""]),
        ({"r": ["Knead.", None, "Fold."], "c": "refusal"}, "r", ["Knead.", "Fold."]),
        ({"r": [{"role": "user", "content": ASK}]}, "r", []),
        ({"r": {"t": "Knead."}, "s": "Fold."}, "s|r.t", ["Fold."]),
        ({"r": {"t": "Knead."}}, "s|r.t", ["Knead."]),
        ({"r": {}, "s": None}, "s|r.t", []),
    ],
)
def test_a_missing_value_in_a_list_is_no_response(write, content, path, texts):
    columns = {**ANSWERED, "response": path, **({"answer_class": "c"} if "c" in content else {})}
    [record], _ = read(write("a.json", json.dumps([{"q": ASK, **content}])), columns)
    assert [response.text for response in record.responses] == texts


def test_the_values_of_missing_responses_stay_with_their_own(write):
    content = {"r": ["Knead.", None, "Fold."], "c": ["refusal", None, "full_compliance"]}
    [record], _ = read(write("a.json", json.dumps([{"q": ASK, **content}])), {**ANSWERED, "answer_class": "c"})
    assert [each.judgements[0].raw for each in record.responses] == ["refusal", "full_compliance"]


@pytest.mark.parametrize(("columns", "texts"), [({}, []), ({"stop_reason": "s"}, [""]), ({"response": "q"}, [])])
def test_a_reply_of_null_is_no_response_unless_the_row_says_more_of_it(write, columns, texts):
    turns = [{"role": "user", "content": ASK}, {"role": "assistant", "content": None}]
    [record], tally = read(write("a.json", json.dumps([{"q": turns, "s": "content_filter"}])), ASKED | columns)
    assert [response.text for response in record.responses] == texts
    assert tally.notes["rows with no response were read as prompts only"] == (not texts)


def test_a_reply_beside_a_missing_response_is_named(write):
    turns = [{"role": "user", "content": ASK}, {"role": "assistant", "content": "Knead."}]
    rows = [{"q": turns, "r": {"t": None}}]
    _, tally = read(write("a.json", json.dumps(rows)), {"prompt": "q", "response": "r.t"})
    assert any("a reply of their own, which was not read" in note for note in tally.notes)


IN_PLACE = ("Fold.", 5, False, ["Fold."], [{"t": "Bake."}, "Fold."], '"Fold."')


@pytest.mark.parametrize("part", sorted({*Field} - {Field.PROMPT}))
@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_value_where_a_path_leads_further_rejects_its_row_in_every_field(write, ending, part):
    cells = [{"t": {"u": "x"}}, *IN_PLACE, *({"t": value} for value in IN_PLACE)]
    rows = [{"q": f"{ASK} {at}", "m": "oak", "v": cell} for at, cell in enumerate(cells)]
    if ending == "csv":
        texts = ((row["v"] if isinstance(row["v"], str) else json.dumps(row["v"])).replace('"', '""') for row in rows)
        text = "q,m,v\n" + "\n".join(f'{ASK} {at},oak,"{text}"' for at, text in enumerate(texts))
    else:
        text = "\n".join(map(json.dumps, rows))
    columns = {"prompt": "q", "model": "m", part: "v.t.u"}
    found, _ = read(write(f"a.{ending}", text), columns, moderator="fir", annotator="ada")
    assert all("there is no v.t.u, but" in row.reason for row in found[1:])


def test_a_second_place_gives_the_value_that_the_first_leads_past(write):
    rows = [{"q": ASK, "r": r} for r in ({"t": "Knead."}, "Fold.", ["Prove."], [{"t": "Bake."}, "Rise."])]
    found, _ = read(write("a.json", json.dumps(rows)), {**ANSWERED, "response": "r.t|r"})
    texts = [[each.text for each in row.responses] for row in found if isinstance(row, Record)]
    assert texts == [["Knead."], ["Fold."], ["Prove."], ["Bake.", "Rise."]]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_what_has_no_row_inside_is_counted(write, ending):
    rows = [{"q": ASK, **more} for more in ({"of": [{"r": "Fold."}]}, {"of": []}, {}, {"of": None}, {"of": "x"})]
    text = json.dumps(rows) if ending == "json" else "\n".join(map(json.dumps, rows))
    records, tally = read(write(f"a.{ending}", text), ANSWERED, rows="of")
    assert len(records) == 1
    assert tally.notes["objects that have no row where the rows are (they are not imported)"] == 4


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_lists_of_one_length_inside_rows_are_read_together_only(write, ending):
    rows = [{"m": "oak", "p": [ASK, "Why?"], "r": ["Knead.", "So."]}, {"m": "elm", "p": ["Who?"], "r": []}]
    path = write(f"a.{ending}", json.dumps(rows) if ending == "json" else "\n".join(map(json.dumps, rows)))
    found, _ = read(path, {"prompt": "p", "response": "r", "model": "m"}, rows="p,r")
    pairs = [(row.prompt.text, row.responses[0].text) for row in found if isinstance(row, Record)]
    assert pairs == [(ASK, "Knead."), ("Why?", "So.")] and found[-1].reason == "p, r are not lists of one length"
    found, _ = read(path, {"prompt": "text", "response": "r", "model": "m"}, rows="p")
    assert found[0].reason.startswith("r is a list of as many parts") and not found[1].responses


TALK = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": ASK}]


@pytest.mark.parametrize(
    ("content", "columns", "texts"),
    [
        ({"of": [ASK, "Why?"], "r": ["Knead.", "So.", "Fold."]}, {"prompt": "text", "response": "r"}, "one response"),
        ({"of": [ASK, "Why?"], "r": "Knead."}, {"prompt": "text", "response": "r"}, "one response"),
        ({"of": [{"q": ASK}, {"q": "Why?"}], "q": "Who?", "r": "So."}, ANSWERED, "one response"),
        ({"of": [{"q": ASK}], "r": ["Knead.", "So."]}, ANSWERED, ["Knead.", "So."]),
        ({"of": [{"r": "Knead."}, {"r": "So."}], "t": TALK}, {"prompt": "t", "response": "r"}, ["Knead.", "So."]),
        ({"of": [{"c": "refusal"}] * 2, "r": "Knead.", "q": ASK},
         {"prompt": "q", "response": "r", "answer_class": "c"}, ["Knead.", "Knead."]),
    ],
)  # fmt: skip
def test_a_response_around_rows_with_prompts_of_their_own_is_refused(write, content, columns, texts):
    path = write("a.json", json.dumps([content]))
    if isinstance(texts, str):
        with pytest.raises(FileFaultError, match=texts):
            read(path, columns, rows="of")
        return
    found, _ = read(path, columns, rows="of")
    assert [response.text for row in found if isinstance(row, Record) for response in row.responses] == texts


@pytest.mark.parametrize(("prompt", "count", "is_refused"), [("q", 2, True), ("q", 1, False), ("file.ask", 2, False)])
def test_a_response_around_the_rows_of_a_whole_file_is_that_of_one(write, prompt, count, is_refused):
    content = {"ask": ASK, "say": "Knead.", "of": [{"q": f"Why {at}?"} for at in range(count)]}
    path, columns = write("a.json", json.dumps(content)), {"prompt": prompt, "response": "file.say"}
    if is_refused:
        with pytest.raises(FileFaultError, match=r"one response around them \(file.say\)"):
            read(path, columns)
    else:
        found = [row for row in read(path, columns)[0] if isinstance(row, Record)]
        assert [row.responses[0].text for row in found] == ["Knead."] * count


def test_objects_by_id_inside_rows_are_rows(write):
    grades = {"worst": {"r": "No.", "n": 1}, "best": {"r": "Knead.", "n": 5}}
    path = write("a.json", json.dumps([{"q": ASK, "of": {"best": {"r": "Fold."}}}, {"q": ASK, "of": grades}]))
    found, _ = read(path, {**ANSWERED, "category": "id"}, rows="of")
    read_rows = [(row.prompt.category, row.responses[0].text) for row in found if isinstance(row, Record)]
    assert read_rows == [("best", "Fold."), ("worst", "No."), ("best", "Knead.")]


def test_lists_of_one_length_have_a_list_beside_them_only_if_it_is_named(write):
    rows = [
        {"p": [ASK, "Why?"], "r": ["Knead.", "So."], "c": ["refusal"] * 2, "s": {"t": "Be kind.", "u": "x" * 3_000}}
    ]
    rows += [{**rows[0], "p": [], "r": []}]
    path, columns = write("a.json", json.dumps(rows)), {"prompt": "p", "response": "r", "system_prompt": "s.t"}
    found, tally = read(path, columns, rows="p,r")
    assert [row.prompt.attributes for row in found] == [{"system_prompt": "Be kind."}] * 2
    assert tally.notes["objects that have no row where the rows are (they are not imported)"] == 1
    with pytest.raises(FileFaultError, match="c is a list of as many parts"):
        read(path, {**columns, "answer_class": "c"}, rows="p,r")


def test_a_word_beside_a_list_of_rows_is_no_prompt(write):
    runs = {"prompt": "cot", "runs": [{"id": "1", "sentence": ASK}, {"id": "2", "sentence": "Why is the sky blue?"}]}
    found, _ = read(write("a.json", json.dumps(runs)), {"prompt": "sentence"})
    assert [row.prompt.text for row in found] == [ASK, "Why is the sky blue?"]


def test_a_turn_deep_inside_a_row_is_read(write):
    path = write("a.json", json.dumps([{"q": ASK, "choices": [{"turns": ["Knead.", "Fold."]}]}]))
    [record], tally = read(path, {**ANSWERED, "response": "choices.0.turns.0"})
    assert record.responses[0].text == "Knead." and not tally.doubts


def test_other_responses_of_a_known_format_are_no_repeated_rows(take):
    rows = [{"prompt_id": "1", "prompt_text": ASK, "model": "oak", "response_text": r} for r in ("Knead.", "Fold.")]
    found = take("a.json", json.dumps(rows), mend=frozenset({Fault.DUPLICATE}))
    assert [row.responses[0].text for row in found] == ["Knead.", "Fold."]


def test_a_reply_to_another_turn_is_no_response_to_the_prompt(write):
    turns = [{"role": "assistant", "content": "Knead."}, {"role": "user", "content": "And?"}]
    rows = [{"q": q, "r": [*turns, {"role": "assistant", "content": "Fold."}]} for q in (ASK, "And?")]
    [fault, record], _ = read(write("a.json", json.dumps(rows)), ANSWERED)
    assert "whose last one of a user is not the prompt" in fault.reason
    assert [response.text for response in record.responses] == ["Fold."]


REPLIED = [{"role": "user", "content": "Is it late?"}, {"role": "assistant", "content": "No."}]


@pytest.mark.parametrize("prompt", ["messages", "data.messages"])
@pytest.mark.parametrize(("part", "of_prompt"), [("label", "prompt_label"), ("verdict", "prompt_verdict")])
def test_what_judges_a_conversation_with_a_reply_says_which_it_judges(write, prompt, part, of_prompt):
    rows = [{"messages": REPLIED, "data": {"messages": REPLIED}, "result": "SAFE"}]
    path, columns = write("a.json", json.dumps(rows)), {"prompt": prompt, part: "result"}
    with pytest.raises(FileFaultError, match=rf"{part} \(result\) may be of the prompt or of the response"):
        read(path, columns, moderator="ash")
    [record], _ = read(path, {"prompt": prompt, of_prompt: "result"}, moderator="ash")
    assert str(record.prompt.reference_label or record.votes[0].verdict) == "safe"
    [record], _ = read(path, {"prompt": prompt, "response_verdict": "result"}, moderator="ash")
    assert [str(vote.verdict) for vote in record.responses[0].votes] == ["safe"]
    rows = [{"messages": REPLIED[:1], "data": {"messages": REPLIED[:1]}, "result": "SAFE"}]
    assert read(write("b.json", json.dumps(rows)), columns, moderator="ash"), "there is no reply to ask about"
    beside = [{"q": "Is it late?", "reply": "No, it is not."}, {"q": "Is it late?", "log": {"turns": REPLIED}}]
    for at, texts in enumerate(beside):  # texts of a model in a column that is not mapped
        path = write(f"c{at}.json", json.dumps([{**texts, "result": "SAFE"}]))
        with pytest.raises(FileFaultError, match=rf"{part} \(result\) may be of the prompt or of the response"):
            read(path, {"prompt": "q", part: "result"}, moderator="ash")


@pytest.mark.parametrize("name", ["label", "result", "verdict"])
def test_a_judgement_of_a_conversation_with_a_reply_is_asked_about(write, name):
    rows = [{"messages": REPLIED, "model": "oak", name: value} for value in ("SAFE", "HARMFUL")]
    found = preview_file(write("a.json", json.dumps(rows)))
    assert name not in found.certain.values() and found.certain[Field.PROMPT] == "messages"
    assert name == "verdict" or [asked.field for asked in found.questions] == [Field.LABEL]


@pytest.mark.parametrize("path", ["resps.0", "resps.0.0"])
@pytest.mark.parametrize("pair", [["-3.5", "False"], [-3.5, True], [-3, "true"]])
def test_log_probabilities_are_no_responses(write, path, pair):
    rows = [{"q": ASK, "resps": [[pair], [pair]]}]
    [fault], _ = read(write("a.json", json.dumps(rows)), {"prompt": "q", "response": path})
    assert "log probability of a choice, not a text" in fault.reason


STATES = [
    ("answer", "accept", "reject"), ("status", "submitted", "discarded"), ("is_valid", "true", "false"),
    ("accepted", "yes", "no"), ("was_cancelled", "False", "True"), ("skipped", "0", "1"),
    ("attention_check", "no", "yes"),
]  # fmt: skip
"""Columns that say whether what somebody decided counts, each with a value for yes and one for no."""


@pytest.mark.parametrize(("name", "counts", "not_"), STATES)
def test_labels_that_may_not_count_are_left_out_of_a_proposal_and_counted(write, name, counts, not_):
    rows = [{"prompt": ASK, "label": "unsafe", name: value} for value in (counts, not_)]
    found = preview_file(write("a.json", json.dumps(rows)))
    assert found.certain == {Field.PROMPT: "prompt"} and f"{name} is {not_} in 1 row" in found.questions[0].text
    for at in (0, 1):
        _, tally = read(write(f"{at}.json", json.dumps([rows[at]])), {"prompt": "prompt", "label": "label"})
        assert dict(tally.undecided) == ({f"{name} {not_}": 1} if at else {})
    assert not read(write("b.json", json.dumps(rows)), {"prompt": "prompt"})[1].undecided, "no label is read"


def test_a_text_table_is_not_proposed_as_pairs_of_texts(write):
    path = write("a.txt", "".join(f"{at}\tI like loaf {at} very much today\tOFF\n" for at in range(9)))
    with pytest.raises(FileFaultError) as error:
        preview_file(path)
        with read_file(path):
            pass
    assert error.value.wants != "rows"


def test_a_tab_may_be_written_as_terminals_show_it(write):
    path = write("a.txt", "How do I bake?\tKnead it.\nIs it late?\tNo.\n")
    records, _ = read(path, {"prompt": "0", "response": "1"}, rows=r"\t", header=0)
    assert [(r.prompt.text, r.responses[0].text) for r in records] == [
        ("How do I bake?", "Knead it."), ("Is it late?", "No.")
    ]  # fmt: skip
