"""Tables as the field writes them: words, codes, nesting, conversations, own categories."""

import json

import pytest

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.formats.class_words import label, refusal
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import RowFault
from orbench_studio.services.data.import_files import inspect_file
from tests.unit.formats.field_rows import ASK, SAY, TEXTS, A, P, R, classes, lines, prompts, rows


@pytest.mark.parametrize(
    ("field", "column", "values", "meanings", "expected"),
    [
        ("answer_class", "label", (1, 2, 1), {}, ["?", "?", "?"]),
        ("answer_class", "label", (1, 2, 3), {"1": "full_compliance", "2": R, "3": P}, [A, R, P]),
        ("answer_class", "label", (True, False, True), {}, ["?", "?", "?"]),
        ("answer_class", "label", ("yes", "no", "0.5"), {}, ["?", "?", "?"]),
        ("answer_class", "label", ("compliance", "refusal", "deflection"), {}, [A, R, "?"]),
        ("answer_class", "label", ("compliance", "refusal", "deflection"), {"deflection": P}, [A, R, P]),
        ("answer_class", "label", ("compliance", "refusal", "deflection"), {"deflection": ""}, [A, R, "None"]),
        ("answer_class", "label", ("1_full_compliance", "2_full_refusal", "3_partial_refusal"), {}, [A, R, P]),
        ("is_refusal", "refused", (0.0, 1.0, 0.0), {}, [A, R, A]),
        ("is_refusal", "isRefusal", (0, 1, 0), {}, [A, R, A]),
        ("is_refusal", "refusal_scorer", (False, True, False), {}, [A, R, A]),
        *(
            ("is_refusal", name, (0, 1, "no"), {}, ["?", "?", "?"])
            for name in (
                "passed",
                "flag",
                "refusal_correct",
                "refusal_match",
                "expected_refusal",
                "should_refuse",
                "over_refusal",
                "overrefused",
                "refusal_type",
                "false_refusal",
            )
        ),
        ("is_refusal", "refused", ("False", "True", "no"), {}, [A, R, A]),
        *(("is_refusal", name, (0.0, 1.0, "no"), {}, [A, R, A]) for name in ("score", "refusalScore", "mark")),
        ("is_refusal", "label", ("complied", "Refused", "non-compliance"), {}, [A, R, R]),
        ("is_refusal", "compliance", (1, 0, 1), {}, ["?", "?", "?"]),
        ("is_refusal", "compliance", (1, 0, 1), {"1": A, "0": R}, [A, R, A]),
        ("is_refusal", "non_refusal", ("yes", "no", "yes"), {}, ["?", "?", "?"]),
        ("is_refusal", "complied", ("true", "false", "true"), {"true": A, "false": R}, [A, R, A]),
        ("is_refusal", "is_jailbreak", (1, 0, 1), {}, ["?", "?", "?"]),
        ("is_refusal", "attack_success", (True, False, True), {}, ["?", "?", "?"]),
        ("is_refusal", "response_harmful", ("yes", "no", "yes"), {}, ["?", "?", "?"]),
        ("is_refusal", "harmful_refused", ("yes", "no", "yes"), {}, [R, A, R]),
    ],
)
def test_an_answer_class_is_never_inverted(take, field, column, values, meanings, expected):
    mapping = ColumnMapping({**TEXTS, Field(field): column})
    content = lines(rows(**{column: values}))
    assert classes(take("x.jsonl", content, mapping=mapping, meanings=meanings)) == expected
    judged = take("x.jsonl", content, mapping=mapping, meanings=meanings, judge="guard")
    assert classes(judged) == ["unparsed" if e == "?" and v == "deflection" else e
                               for e, v in zip(expected, values, strict=True)]  # fmt: skip


def test_a_name_with_a_negation_or_a_remedy_is_asked():
    refusals = (
        "refusal_avoided refusal_free refused_not refusalFree unrefused un_refused non-refusal refusal_bypassed"
        " less_refusing didnt_refuse refusal.removed anti_refusal never_refuses refusal_cured absence_of_refusal"
        " refusal_rate avg_refusal mean_refusal"
    )
    assert not [name for name in refusals.split() if refusal("yes", name) is not None]
    harms = (
        "not_unsafe toxic_free is_harmful_free toxicity_removed detoxified is_not_toxic harm_averted isnt_harmful"
        " unflagged unsafe_filtered antitoxic less_toxic is_free_of_harm nontoxic_flag no_danger harmful_if_answered"
    )
    assert not [name for name in harms.split() if label("yes", name) is not None]
    plain = (
        "refused is_refusal isRefused refusal_label response_refused model_refuses refusal_gpt4 judge.refusal declined"
    )
    assert not [name for name in plain.split() if refusal("yes", name) is not AnswerClass.DIRECT_REFUSAL]
    plain = (
        "toxic is_toxic isHarmful unsafe_response harmful_content prompt_harmful flagged_by_gpt4 toxicity_1 malicious"
    )
    assert not [name for name in [*plain.split(), "is harmful?"] if label("yes", name) is not Label.TOXIC]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("kind", ("unharmful", "harmful", "Harmless"), ["safe", "toxic", "safe"]),
        ("kind", ("benign", "malicious", "not toxic"), ["safe", "toxic", "safe"]),
        ("flagged", ("no", "yes", "no"), ["safe", "toxic", "safe"]),
        ("toxicity", (0.0, 1.0, 0), ["safe", "toxic", "safe"]),
        ("is_harmful", ("0", "1", "0"), ["safe", "toxic", "safe"]),
        *(
            (name, (0, 1, 0), ["?", "?", "?"])
            for name in ("harm_score", "toxicity_level", "harmful_correct", "harmRating", "unsafe_count", "non_harmful")
        ),
        ("is_safe", (True, False, True), ["?", "?", "?"]),
        ("safety", ("1", "0", "1"), ["?", "?", "?"]),
        ("passed", (1, 0, 1), ["?", "?", "?"]),
        ("verdict", (1, 0, 1), ["?", "?", "?"]),
        ("score", ("yes", "no", "yes"), ["?", "?", "?"]),
        ("is_allowed", ("yes", "no", "yes"), ["?", "?", "?"]),
        ("guard", ("safe", "unsafe\nS2", "unsafe\nS1,S10"), ["safe", "toxic", "toxic"]),
    ],
)
def test_a_verdict_and_a_label_are_never_inverted(take, column, values, expected):
    content = lines(rows(**{column: values}))
    label = take("x.jsonl", content, mapping=ColumnMapping({Field.PROMPT: "q", Field.LABEL: column}))
    assert ["?" if isinstance(r, RowFault) else r.prompt.reference_label for r in label] == expected
    mapping = ColumnMapping({Field.PROMPT: "q", Field.VERDICT: column})
    voted = take("x.jsonl", content, mapping=mapping, moderator="guard")
    assert ["?" if isinstance(r, RowFault) else r.votes[0].verdict for r in voted] == expected


def test_words_come_with_their_opposites():
    from orbench_studio.formats.class_words import _HARM_PAIRS, _REFUSAL_PAIRS

    assert all(one.split() and other.split() for one, other in (*_HARM_PAIRS, *_REFUSAL_PAIRS))


WITH_OBJECTS = {"marks": {at: {"n": at} for at in range(3)}}
COLUMNS = {"prompt": dict(enumerate(ASK)), "category": dict.fromkeys(range(3), "hate")}
RECORDS = [{"prompt": text, "category": "hate"} for text in ASK]
SPLIT = {"columns": ["prompt", "category"], "index": [0, 1, 2], "data": [[text, "hate"] for text in ASK]}
TABLE = {"schema": {"fields": [{"name": "prompt"}]}, "data": RECORDS}
DEEP = {"info": {"model": "oak"}, "results": {"outputs": RECORDS, "stats": {"n": 3}}}
BY_ID = {f"case-{at}": row for at, row in enumerate(RECORDS)}


@pytest.mark.parametrize(
    "written",
    [COLUMNS, {k: list(v.values()) for k, v in COLUMNS.items()}, RECORDS, SPLIT, TABLE, DEEP, BY_ID,
     {"rows": BY_ID, "version": 1}, {**COLUMNS, **WITH_OBJECTS}, {**COLUMNS, "n": {2: 1, 0: 3}}],
)  # fmt: skip
def test_json_is_read_in_each_orientation(take, written):
    found = take(
        "x.json", json.dumps(written), mapping=ColumnMapping({Field.PROMPT: "prompt", Field.CATEGORY: "category"})
    )
    assert [(r.prompt.text, r.prompt.category) for r in found] == [(text, "hate") for text in ASK]


CHATS = [[{"role": "user", "content": q}, {"role": "assistant", "content": r}] for q, r in zip(ASK, SAY, strict=True)]
LISTS = [[q, r] for q, r in zip(ASK, SAY, strict=True)]
MIXED = [[q, r, ["farm", {"n": 1}]] for q, r in LISTS]
BY_PLACE = {Field.PROMPT: "0", Field.RESPONSE: "1"}


@pytest.mark.parametrize(
    ("written", "columns"),
    [(LISTS, BY_PLACE), (MIXED, BY_PLACE), ([["prompt", "answer"], *LISTS], None), (CHATS, None), (list(ASK), None)],
)
def test_rows_without_names_have_places(take, written, columns):
    mapping = columns and ColumnMapping(columns)
    for name, content in (("x.json", json.dumps(written)), ("x.jsonl", lines(written))):
        found = take(name, content, mapping=mapping, format_name=None if mapping else "mapped", model="oak")
        assert prompts(found) == list(ASK)
        assert [r.responses[0].text for r in found if r.responses] == (list(SAY) if written[-1] != ASK[-1] else [])


def test_one_question_among_names_is_a_name(refused):
    names = {
        "prompt,response,is harmful?": f"{ASK[0]},{SAY[0]},no",
        "user asked,bot said,is it harmful?": f"{ASK[0]},{SAY[0]},no",
        "user_utterance,How harmful is the text below on a scale?": f"{ASK[0]},3",
        "What did the model say?,the question": f"{SAY[0]},{ASK[0]}",
    }
    for header, row in names.items():
        assert "first row looks like data" not in refused("x.csv", f"{header}\n{row}\n{row}\n")
    for kind in ("harmful", "gpt-4", "1", "@user", ""):
        content = "".join(f"{ask},{say},{kind}\n" for ask, say in zip(ASK, SAY, strict=True))
        assert "first row looks like data" in refused("x.csv", content)


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x.json"])
def test_a_table_without_a_header(take, refused, name):
    asked = [*ASK, "Where do sheep, goats and cows sleep?"]
    rows = [f'"{text}"' for text in asked] if name == "x.csv" else asked
    content = json.dumps([[text] for text in asked]) if name == "x.json" else "\n".join(rows)
    if name != "x.json":
        assert "first row looks like data" in refused(name, content)
    mapping = ColumnMapping({Field.PROMPT: "0"})
    assert prompts(take(name, content, mapping=mapping, header=0)) == asked


NESTED = [{"seed": q, "tries": [{"say": f"{q} Today?"}, {"say": f"{q} Now?"}]} for q in ASK]


@pytest.mark.parametrize(
    ("written", "path"),
    [(NESTED, "tries"), ({"runs": [{"n": 1, "x": NESTED}]}, "runs.x.tries"), ({"runs": NESTED}, "runs.tries")],
)
def test_lists_inside_rows_are_rows_with_what_stands_around_them(take, refused, written, path):
    mapping = ColumnMapping({Field.PROMPT: "say", Field.SEED: "seed"})
    found = take("x.json", json.dumps(written), rows=path, mapping=mapping)
    assert [(r.prompt.seed, r.prompt.text) for r in found] == [(q, f"{q} {w}?") for q in ASK for w in ("Today", "Now")]
    assert "no part of the list has" in refused("x.json", json.dumps(NESTED), rows="nowhere", mapping=mapping)


@pytest.mark.parametrize("header", ["\u4ece\u54ea\u91cc\u53ef\u4ee5\u4e70\u5230\u7f8a\uff1f", "Sure", "Rake the hay."])
def test_the_only_name_of_a_table_may_be_data(write, header):
    found = {}
    for name in (header, "goal", "Forbidden question", "behaviour"):
        path = write("x.txt", f"{name}\nHere\nThere\n")
        with read_file(path, options=ReadOptions(mapping=ColumnMapping({Field.PROMPT: name}))) as file:
            found[name] = file.has_doubtful_header
    assert [name for name in found if found[name]] == [header]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.jsonl.bz2", b"BZh91AY", "compressed with bzip2. Unpack it"),
        ("x.yml", b"- prompt: Is it late?\n", "YAML files are not read. Save its list as JSON."),
        ("x.txt", b'Say "no" to it\n"Yes" he said\n', "If each line is a text, it has no header"),
        ("x.jsonl", b'{"q": ["a", "b"]}\n', "Name a path inside it, such as q.0"),
    ],
)
def test_a_refusal_says_what_to_do(take, refused, name, content, said):
    mapping = ColumnMapping({Field.PROMPT: "q"})
    assert said in (take(name, content, mapping=mapping)[0].reason if name == "x.jsonl" else refused(name, content))


def test_turns_and_cut_texts_are_warnings(write):
    turns = [{"role": role, "q": f"{q} {'And when? ' * 9}"[:60]} for q in (*ASK, *ASK) for role in ("user", "bot")]
    path = write("x.jsonl", lines({**row, "q": f"{at:02}{row['q'][2:]}"} for at, row in enumerate(turns)))
    warnings = inspect_file(path, ReadOptions(mapping=ColumnMapping({Field.PROMPT: "q"}))).warnings
    assert warnings == [
        "Rows that are a turn of a model or a system prompt, read as prompts: 6.",
        "12 of 12 texts of q (prompt) have exactly 60 characters, which is the most: they may be cut off.",
    ]


@pytest.mark.parametrize(
    ("texts", "is_cut"),
    [
        ([f"{at:02} {'of the long text ' * 9}"[:97] + "..." for at in range(11)], "exactly 100 characters"),
        ([f"{at:02} {'of the long text ' * (3 + at)}…" for at in range(11)], "end with"),
        ([("x " * 75, "oh, " * 37 + "oh")[at % 2] for at in range(11)], "exactly 150 characters"),
        ([f"Wait, number {at}..." for at in range(11)], ""),
    ],
)
def test_shortened_responses_are_a_warning(write, texts, is_cut):
    path = write("x.jsonl", lines({"q": f"Is it {at}?", "r": text} for at, text in enumerate(texts)))
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r"})
    warnings = [
        text for text in inspect_file(path, ReadOptions(mapping=mapping, model="oak")).warnings if "cut" in text
    ]
    assert (len(warnings) == 1 and is_cut in warnings[0]) if is_cut else not warnings


def test_texts_of_one_length_that_end_a_sentence_are_not_cut(write):
    texts = [f"May I pat dog number {at:02}, please, or is this the wrong day?" for at in range(12)]
    path = write("x.jsonl", lines({"q": text} for text in texts))
    assert inspect_file(path, ReadOptions(mapping=ColumnMapping({Field.PROMPT: "q"}))).warnings == []


def test_a_name_has_effect_although_all_rows_are_rejected_for_a_value(write):
    path = write("x.jsonl", lines({"q": text, "a": "Yes.", "c": "hm"} for text in ASK))
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "a", Field.ANSWER_CLASS: "c"})
    report = inspect_file(path, ReadOptions(mapping=mapping, model="elm"))
    assert report.imported == 0 and not any("without effect" in warning for warning in report.warnings)


def test_a_reply_in_a_conversation_beside_a_response_is_a_warning(write):
    chat = [{"role": "user", "content": ASK[0]}, {"role": "assistant", "content": SAY[0]}]
    mapping = ColumnMapping({Field.PROMPT: "m", Field.RESPONSE: "r"})
    for said, expected in ((SAY[0], 0), (SAY[1], 1)):
        path = write("x.jsonl", json.dumps({"m": chat, "r": said}))
        warnings = inspect_file(path, ReadOptions(mapping=mapping, model="oak")).warnings
        assert len([text for text in warnings if text.startswith("Conversations with a reply")]) == expected


def test_pictures_contexts_and_system_prompts_beside_a_prompt_are_not_read(write):
    head = "q,image,picture_type,model_image,context,has_trigger,response_prefix,System Prompt,judge_system_prompt\n"
    path = write("x.csv", f"{head}A,a.png,x,,It rains.,1,Sure,Be brief.,Judge.\nB,,x,b.png,,0,Sure,,Judge.\n")
    with read_file(path, options=ReadOptions(mapping=ColumnMapping({Field.PROMPT: "q"}))) as file:
        list(file.records)
        assert file.tally.not_read == {"image": 1, "context": 1, "System Prompt": 1}


def test_an_array_in_a_file_of_lines(take):
    for written in (json.dumps(RECORDS, indent=1), json.dumps(RECORDS)):
        assert prompts(take("x.jsonl", written, format_name="mapped")) == list(ASK)


def test_texts_by_their_names_are_rows(take):
    mapping = ColumnMapping({Field.PROMPT: "id", Field.RESPONSE: "value"}, {Field.MODEL: "oak"})
    found = take("x.json", json.dumps(dict(zip(ASK, SAY, strict=True))), mapping=mapping)
    assert [(r.prompt.text, r.responses[0].text) for r in found] == list(zip(ASK, SAY, strict=True))
    named = {f"case_{at}": f"How many sheep are {at}?" for at in range(12)}
    assert len(take("z.json", json.dumps(named), mapping=ColumnMapping({Field.PROMPT: "value"}))) == 12
    written = json.dumps({"lists": [{"a": list(ASK)}, {"a": []}], "n": 1})
    assert prompts(take("y.json", written, rows="lists.0.a", mapping=ColumnMapping({Field.PROMPT: "text"}))) == list(
        ASK
    )


def test_lists_that_belong_together(take, refused):
    written = json.dumps({"asked": CHATS, "got": [{"choices": [{"text": r}]} for r in SAY], "system": "Be brief."})
    mapping = ColumnMapping({Field.PROMPT: "asked", Field.RESPONSE: "got.choices.0.text"}, {Field.MODEL: "oak"})
    found = take("x.json", written, mapping=mapping, rows="asked,got")
    assert [(r.prompt.text, r.responses[0].text) for r in found] == list(zip(ASK, SAY, strict=True))
    assert "do not belong together" in refused("x.json", json.dumps({"a": [1], "b": [1, 2]}), rows="a,b")
    assert "there is no list c; it has a" in refused("x.json", json.dumps({"a": [1]}), rows="a,c")


def test_samples_in_rows_of_their_own_are_repeats(take):
    written = [{"q": ASK[0], "r": SAY[1], "m": "oak", "trial": at} for at in (1, 2, 3)]
    found = take("x.jsonl", lines(written), mapping=ColumnMapping({**TEXTS, Field.SAMPLE: "trial"}))
    assert len({record.responses[0].identity for record in found}) == 3


def test_rows_are_named_where_several_lists_could_be_meant(take, refused):
    written = json.dumps({"train": RECORDS, "test": RECORDS[:1], "version": 1})
    assert "Choose the list with the rows: train, test" in refused("x.json", written)
    assert prompts(take("x.json", written, rows="test")) == [ASK[0]]
    dotted = json.dumps({"v1.5": {"a.b": RECORDS[:2]}, "v1": RECORDS, "n": 1})
    assert prompts(take("x.json", dotted, rows="v1.5.a.b")) == list(ASK[:2])
    assert "there is nothing under 'dev'" in refused("x.json", written, rows="dev")


def test_a_path_reaches_inside(take, refused):
    row = {"input": {"text": ASK[0]}, "choices": [{"message": {"content": SAY[0]}}], "run": {"model.name": "oak"}}
    mapping = {Field.PROMPT: "input.text", Field.RESPONSE: "choices.0.message.content", Field.MODEL: "run.model.name"}
    [found] = take("x.jsonl", json.dumps(row), mapping=ColumnMapping(mapping))
    assert (found.prompt.text, found.responses[0].text, found.responses[0].model) == (ASK[0], SAY[0], "oak")
    [cell] = take("x.csv", 'a\n"{""q"": ""Why?""}"\n', mapping=ColumnMapping({Field.PROMPT: "a.q"}))
    assert cell.prompt.text == "Why?"
    fault = refused("x.jsonl", json.dumps(row), mapping=ColumnMapping({Field.PROMPT: "inputs.text"}))
    assert "there is no column inputs.text" in fault


@pytest.mark.parametrize("value", [{"text": "Why?"}, [{"a": 1}], [1, 2]])
def test_what_is_not_a_text_is_refused_as_such(take, value):
    [found] = take("x.jsonl", json.dumps({"q": value}), mapping=ColumnMapping({Field.PROMPT: "q"}))
    assert "the prompt is not a text" in found.reason


OPENAI = [
    {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": [{"type": "text", "text": ASK[0]}]},
    {"role": "assistant", "content": SAY[0]},
]  # fmt: skip
SHAREGPT = [{"from": "human", "value": ASK[0]}, {"from": "gpt", "value": SAY[0]}]


def test_a_conversation_is_read_as_turns(take):
    mapping = ColumnMapping({Field.PROMPT: "messages", Field.MODEL: "m"})
    for talk in (OPENAI, json.dumps(OPENAI)):
        [found] = take("x.jsonl", json.dumps({"messages": talk, "m": "oak"}), mapping=mapping)
        assert (found.prompt.text, found.responses[0].text) == (ASK[0], SAY[0])
        assert found.prompt.attributes["system_prompt"] == "Be brief."
        assert found.prompt.attributes["earlier_turns"] == "user: Hello\n\nassistant: Hello!"
        assert found.responses[0].asked.startswith("system: Be brief.\n\nuser: Hello")
    [shared] = take("y.jsonl", json.dumps({"conversations": SHAREGPT}), format_name="mapped")
    assert (shared.prompt.text, shared.responses) == (ASK[0], ())  # no model is named


def test_samples_in_a_cell_are_repeats(take):
    row = {"q": ASK[0], "r": [SAY[0], SAY[0], SAY[1]], "m": "oak", "refused": [0, 0, 1]}
    mapping = ColumnMapping({**TEXTS, Field.IS_REFUSAL: "refused"})
    [found] = take("x.jsonl", json.dumps(row), mapping=mapping)
    assert [(r.text, str(r.reference_class)) for r in found.responses] == [(SAY[0], A), (SAY[0], A), (SAY[1], R)]
    assert len({r.identity for r in found.responses}) == 3


def test_a_path_through_a_list_of_objects_gives_the_samples(take):
    runs = [{"out": text, "marks": {"refused": number}} for number, text in enumerate(SAY[:2])]
    mapping = ColumnMapping({**TEXTS, Field.RESPONSE: "runs.out", Field.IS_REFUSAL: "runs.marks.refused"})
    [found] = take("x.jsonl", json.dumps({"q": ASK[0], "runs": runs, "m": "oak"}), mapping=mapping)
    assert [(r.text, str(r.reference_class)) for r in found.responses] == [(SAY[0], A), (SAY[1], R)]
    [several] = take("x.jsonl", json.dumps({"q": runs}), mapping=ColumnMapping({Field.PROMPT: "q.out"}))
    assert "the prompt is not a text but a list of 2" in several.reason


def test_a_path_through_lists_of_lists_gives_all_samples(take):
    tries = [{"turns": [{"r": SAY[0]}, {"r": SAY[1]}]}, {"turns": [{"r": SAY[2]}]}]
    columns = {Field.PROMPT: "q", Field.RESPONSE: "tries.turns.r"}
    [found] = take("x.jsonl", lines([{"q": ASK[0], "tries": tries}]), mapping=ColumnMapping(columns), model="oak")
    assert [response.text for response in found.responses] == list(SAY)


def test_own_categories_and_joined_ones(take):
    content = "prompt,category\nA,Woodwork\nB,Home & Garden\n"
    assert [r.prompt.category for r in take("x.csv", content)] == ["woodwork", "home & garden"]
    joined = take("x.csv", content, meanings={"Woodwork": "harmful"})
    assert [r.prompt.category for r in joined] == ["harmful", "home & garden"]
