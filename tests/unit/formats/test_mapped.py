"""Any other table through a column mapping: proposed, checked, remembered."""

import pytest

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.proposals import propose as all_of
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import preview_file, read_file
from orbench_studio.formats.records import (
    AnnotationDraft,
    JudgementDraft,
    PromptDraft,
    Record,
    ResponseDraft,
    RowFault,
    VoteDraft,
)


def propose(header, rows=()):
    return all_of(header, rows).mapping


def test_a_proposal_from_usual_names():
    found = propose(["Question", "topic", "Model Response", "model", "refused", "notes"])
    assert found == ColumnMapping(
        {
            Field.PROMPT: "Question",
            Field.CATEGORY: "topic",
            Field.RESPONSE: "Model Response",
            Field.MODEL: "model",
            Field.IS_REFUSAL: "refused",
        }
    )
    assert found.problems(["Question", "topic", "Model Response", "model", "refused"]) == []


def test_no_proposal_without_a_prompt():
    assert propose(["a", "b"]) is None


def test_a_column_of_identifiers_is_not_proposed_as_the_prompt():
    header, rows = ["question", "instruction"], [["80", "Boil an egg"], ["q-81", "Bake a cake 2"]]
    assert propose(header, rows) == ColumnMapping({Field.PROMPT: "instruction"})
    assert propose(header[:1], [row[:1] for row in rows]) is None
    assert propose(header, []) == propose(header) == ColumnMapping({Field.PROMPT: "question"})


def test_a_refusal_without_a_response_is_not_proposed():
    assert propose(["text", "refused"]) == ColumnMapping({Field.PROMPT: "text"})


def test_a_mapping_is_remembered():
    mapping = ColumnMapping({Field.PROMPT: "q"}, {Field.MODEL: "gpt-4"})
    assert ColumnMapping.from_json(mapping.to_json()) == mapping


@pytest.mark.parametrize(
    "text", ["[]", "{}", "x", '{"columns": {"no": "x"}, "values": {}}', '{"columns": 1, "values": 2}']
)
def test_anything_else_is_no_mapping(text):
    with pytest.raises(ValueError):
        ColumnMapping.from_json(text)


def test_prompts_with_seed_label_and_key(take):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.CATEGORY: "c", Field.SEED: "s", Field.LABEL: "l", Field.KEY: "k"})
    found = take("x.tsv", "q\tc\ts\tl\tk\nA\thate\tS\tunsafe\tk1\nB\t\t\t\t\nC\t\t\tred\t\n", mapping=mapping)
    assert found == [
        Record(2, PromptDraft("A", Category.HATE, Origin.REWRITE, "S", Label.TOXIC, "k1")),
        Record(3, PromptDraft("B")),
        RowFault(4, "the value 'red' of l (label) is unknown. Set the meaning: red=safe or red=toxic", "value"),
    ]


def test_votes(take):
    mapping = ColumnMapping(
        {Field.PROMPT: "q", Field.VERDICT: "v", Field.EXPLANATION: "why"}, {Field.MODERATOR: "guard"}
    )
    found = take("x.csv", "q,v,why\nA,unsafe,Because\nB,hm,\n", mapping=mapping)
    assert [record.votes for record in found] == [
        (VoteDraft("guard", Verdict.TOXIC, None, "Because", "unsafe"),),
        (VoteDraft("guard", Verdict.UNPARSED, None, "", "hm"),),
    ]


def test_an_empty_or_ignored_verdict_is_no_vote(take):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.VERDICT: "v"})
    found = take("x.csv", "q,v\nA,unsafe\nB,\nC,hm\nD,1\n", mapping=mapping, moderator="guard", meanings={"1": ""})
    assert [[vote.verdict for vote in record.votes] for record in found] == [["toxic"], [], ["unparsed"], []]


ANSWERS = {Field.PROMPT: "q", Field.RESPONSE: "r", Field.ANSWER_CLASS: "a"}


def test_an_answer_class_is_the_sources_own_without_judge_or_annotator(take):
    found = take("x.csv", "q,r,a\nA,R,2_full_refusal\nB,S,\nC,T,odd\n", mapping=ColumnMapping(ANSWERS), model="m")
    assert [record.responses for record in found[:2]] == [
        (ResponseDraft("m", "R", reference_class=AnswerClass.DIRECT_REFUSAL),),
        (ResponseDraft("m", "S"),),
    ]
    assert found[2].reason.startswith(
        "the value 'odd' of a (answer_class) is unknown. Set the meaning: odd=direct_answer"
    )


def test_an_answer_class_of_a_judge(take):
    found = take("x.csv", "q,r,a\nA,R,Refusal\nB,S,odd\n", mapping=ColumnMapping(ANSWERS), model="m", judge="j")
    assert [record.responses[0].judgements for record in found] == [
        (JudgementDraft("j", JudgeKind.LLM, AnswerClass.DIRECT_REFUSAL, raw="Refusal"),),
        (JudgementDraft("j", JudgeKind.LLM, AnswerClass.UNPARSED, raw="odd"),),
    ]


def test_labels_of_a_person(take):
    mapping = ColumnMapping({**ANSWERS, Field.PROMPT_LABEL: "l"}, {Field.MODEL: "m", Field.ANNOTATOR: "ann"})
    found = take("x.csv", "q,r,a,l\nA,R,Partial Refusal,Safe\n", mapping=mapping)
    assert found[0].annotations == (AnnotationDraft("ann", Aspect.LABEL, "safe"),)
    assert found[0].prompt.reference_label is None
    assert found[0].responses[0].annotations == (
        AnnotationDraft("ann", Aspect.ANSWER_CLASS, "partial_refusal", "Partial Refusal"),
    )


def test_a_row_without_its_model_is_refused(take):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", Field.MODEL: "m"})
    assert take("x.csv", "q,r,m\nA,R,\n", mapping=mapping) == [RowFault(2, "the model is empty", "model")]


def test_a_mapping_that_does_not_fit_is_refused(refused):
    text = refused("x.csv", "q,r\nA,R\n", mapping=ColumnMapping({Field.PROMPT: "question"}))
    assert text == "x.csv: there is no column question; the file has q, r. Match the columns to fields."
    text = refused("x.csv", "ask,r\nA,R\n", mapping=ColumnMapping({Field.RESPONSE: "r"}, {Field.SEED: "s"}))
    assert "no column is mapped to prompt; the file has ask, r" in text
    assert "seed needs a column" in text


def test_the_format_mapped_proposes_for_itself(take, refused):
    assert take("x.jsonl", '{"question": "A", "lang": "en"}\n', format_name="mapped") == [Record(1, PromptDraft("A"))]
    assert "no column is mapped to prompt" in refused("x.jsonl", '{"a": "A"}\n', format_name="mapped")


def test_a_preview(write):
    found = preview_file(write("x.csv", "question,topic\n" + "".join(f"Is it {n} now?,hate\n" for n in range(30))))
    assert (found.header, len(found.rows), found.format) == (("question", "topic"), 20, None)
    assert found.proposal == ColumnMapping({Field.PROMPT: "question", Field.CATEGORY: "topic"})
    assert preview_file(write("p.csv", "prompt,category\nA,hate\n")).format == "orbench-prompts"


@pytest.mark.parametrize(
    ("header", "row", "seed"),
    [
        (["prompt", "seed"], ["Is it late?", "42"], None),
        (["prompt", "seed"], ["Is it late?", "What time is it?"], "seed"),
    ],
)
def test_a_number_is_not_proposed_as_a_seed(header, row, seed):
    assert propose(header, [row]).columns.get(Field.SEED) == seed


@pytest.mark.parametrize("other", ["final_query", "Jailbreak Prompt", "adversarial_prompt", "mutated"])
def test_what_was_sent_is_asked_where_two_columns_may_be_it(write, refused, other):
    text = f"query,{other},response\nIs it late?,Say: is it late?,Yes.\n"
    found = preview_file(write("x.csv", text))
    assert [(asked.field, asked.columns) for asked in found.questions] == [(Field.PROMPT, ("query", other))]
    assert found.proposal == ColumnMapping({Field.RESPONSE: "response"})
    assert f"query (“Is it late?”) or {other} (“Say: is it late?”) was sent to the model" in refused(
        "x.csv", text, format_name="mapped", model="m"
    )
    assert preview_file(write("y.csv", "query,attack,response\nIs it late?,GCG,Yes.\n")).questions == ()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('{"prompt": {"text": "Is it late?", "n": 1}}', {Field.PROMPT: "prompt.text"}),
        (
            '{"question": "Is it late?", "response": {"model": "oak", "choices": [{"message": {"content": "Yes."}}]}}',
            {
                Field.PROMPT: "question",
                Field.RESPONSE: "response.choices.0.message.content",
                Field.MODEL: "response.model",
            },
        ),
        (
            '{"prompt": "Is it late?", "completion": [{"role": "assistant", "content": "Yes."}]}',
            {Field.PROMPT: "prompt", Field.RESPONSE: "completion.0.content"},
        ),
        (
            '{"question": "Late?", "responses": [{"n": 1, "response": "Yes."}], "run": {"all": {"model_name": "oak"}}}',
            {Field.PROMPT: "question", Field.RESPONSE: "responses.response", Field.MODEL: "run.all.model_name"},
        ),
        ('{"conversation": [{"a": "b"}], "user_message": "Is it late?"}', {Field.PROMPT: "user_message"}),
    ],
)
def test_the_path_of_a_nested_text_is_proposed(write, row, expected):
    assert preview_file(write("x.jsonl", f"{row}\n")).proposal == ColumnMapping(expected)


def test_a_verdict_with_a_response_says_what_it_judges(take, refused):
    columns = {Field.PROMPT: "q", Field.RESPONSE: "r", Field.VERDICT: "v"}
    names = {Field.MODEL: "m", Field.MODERATOR: "guard"}
    text = "q,r,v\nIs it late?,Yes.,unsafe\n"
    question = "verdict (v) may be of the prompt or of the response: map it to prompt_verdict or response_verdict"
    assert question in refused("x.csv", text, mapping=ColumnMapping(columns, names))
    del columns[Field.VERDICT]
    vote = VoteDraft("guard", Verdict.TOXIC, None, "", "unsafe")
    [found] = take("x.csv", text, mapping=ColumnMapping({**columns, Field.RESPONSE_VERDICT: "v"}, names))
    assert (found.votes, found.responses[0].votes) == ((), (vote,))
    [found] = take("x.csv", text, mapping=ColumnMapping({**columns, Field.PROMPT_VERDICT: "v"}, names))
    assert (found.votes, found.responses[0].votes) == ((vote,), ())


ONE_SIDED = [
    (Field.IS_REFUSAL, "refused", {"1": "direct_answer"}, "1", "0"),
    (Field.IS_REFUSAL, "refused", {"no": "direct_refusal"}, "no", "yes"),
    (Field.ANSWER_CLASS, "class", {"refused": "direct_answer"}, "refused", "complied"),
    (Field.PROMPT_LABEL, "toxic", {"1": "safe"}, "1", "0"),
    (Field.LABEL, "toxic", {"0": "toxic"}, "0", "1"),
    (Field.RESPONSE_VERDICT, "harmful", {"true": "safe"}, "true", "false"),
    (Field.VERDICT, "flag", {"unsafe": "safe"}, "unsafe", "safe"),
]


@pytest.mark.parametrize(("part", "column", "meanings", "named", "other"), ONE_SIDED)
def test_a_meaning_that_displaces_the_usual_one_leaves_no_usual_meaning(take, part, column, meanings, named, other):
    of_prompt = part in (Field.LABEL, Field.VERDICT)
    mapping = ColumnMapping({Field.PROMPT: "q", part: column} | ({} if of_prompt else {Field.RESPONSE: "r"}))
    content = f"q,r,{column}\nA,R,{named}\nB,S,{other}\n"
    options = {"mapping": mapping, "model": "m", "moderator": "g"}
    first, second = take("x.csv", content, meanings=meanings, **options)
    assert isinstance(first, Record)
    assert f"is unknown. Set the meaning: {other}=" in second.reason
    both = meanings | {other: next(iter(meanings.values()))}
    assert all(isinstance(row, Record) for row in take("x.csv", content, meanings=both, **options))


@pytest.mark.parametrize(
    ("meanings", "expected"),
    [
        ({"1": "indirect_refusal"}, ["indirect_refusal", "direct_answer"]),
        ({"1": ""}, [None, "direct_answer"]),
        ({"1": "true", "0": "false"}, ["direct_refusal", "direct_answer"]),
        ({"1": "no", "0": "yes"}, ["direct_answer", "direct_refusal"]),
    ],
)
def test_a_meaning_of_one_value_that_displaces_none(take, meanings, expected):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", Field.IS_REFUSAL: "refused"})
    found = take("x.csv", "q,r,refused\nA,R,1\nB,S,0\n", mapping=mapping, model="m", meanings=meanings)
    assert [record.responses[0].reference_class for record in found] == expected


def test_an_error_column_that_says_no_is_no_error(take):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", Field.ERROR: "is_error"})
    none = ("0", "0.0", "no", "False", "None", "N/A", "-", "[]", "{}", "ok", "Success", "200", "no error")
    rows = "".join(f"A{at},R,{word}\n" for at, word in enumerate((*none, "timeout", "1")))
    found = take("x.csv", f"q,r,is_error\n{rows}", mapping=mapping, model="m")
    assert [record.responses[0].error for record in found] == [None] * len(none) + ["timeout", "1"]


@pytest.mark.parametrize(
    ("columns", "row", "of_response", "of_prompt"),
    [
        ({}, "R,refusal,safe,Too short", [("answer_class", "direct_refusal", "Too short")], []),
        ({Field.PROMPT_LABEL: "l"}, "R,refusal,safe,Too short", [("answer_class", "direct_refusal", "Too short")],
         [("label", "safe", None)]),
        ({Field.PROMPT_LABEL: "l"}, "R,,safe,Too short", [], [("label", "safe", "Too short")]),
        ({}, "R,,safe,Too short", [], [("note", "Too short", None)]),
    ],
)  # fmt: skip
def test_a_reason_belongs_to_the_decision_of_its_row(take, columns, row, of_response, of_prompt):
    mapping = ColumnMapping({**ANSWERS, Field.REASON: "why", **columns})
    found = take("x.csv", f"q,r,a,l,why\nA,{row}\n", mapping=mapping, model="m", annotator="ann")[0]
    of = [[(str(a.aspect), str(a.value), a.reason) for a in drafts]
          for drafts in (found.responses[0].annotations, found.annotations)]  # fmt: skip
    assert of == [of_response, of_prompt]


def test_a_text_that_looks_like_python_prints_no_warning(take, recwarn):
    take("x.csv", "q\n[1if 2else 3] is odd\n", mapping=ColumnMapping({Field.PROMPT: "q"}))
    assert not recwarn.list


@pytest.mark.parametrize(
    ("name", "text", "mapped", "texts"),
    [
        ("x.csv", "q,r\nA,Yes.\nB,\n", {}, [["Yes."], []]),
        ("x.csv", "q,r,m\nA,Yes.,oak\nB,,oak\n", {Field.MODEL: "m"}, [["Yes."], [""]]),
        ("x.csv", "q,r,s\nA,Yes.,stop\nB,,length\n", {Field.STOP_REASON: "s"}, [["Yes."], [""]]),
        ("x.jsonl", '{"q": "A", "r": ""}\n{"q": "B", "r": null}\n{"q": "C"}\n', {}, [[""], [], []]),
    ],
)
def test_an_empty_cell_is_no_response_unless_the_row_has_more_of_it(write, name, text, mapped, texts):
    names = {} if mapped.get(Field.MODEL) else {Field.MODEL: "oak"}
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", **mapped}, names)
    with read_file(write(name, text), options=ReadOptions(mapping=mapping)) as file:
        found = list(file.records)
    assert [[response.text for response in record.responses] for record in found] == texts
    missing = sum(not of for of in texts)
    assert file.tally.notes["rows with no response were read as prompts only"] == missing
