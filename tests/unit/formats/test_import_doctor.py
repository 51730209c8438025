"""The known faults are found, reported, and mended only where that is asked for."""

import json

import pytest

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.formats.import_doctor import OFFERS, Fault, Finding
from orbench_studio.formats.known_faults import chosen_category, split_prompts, stated_class
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.records import Record, RowFault

MODERATED = "prompt,category,is_toxic,moderation_result\n"
CHECKED = "prompt,answer_category,answer_type_response,response,category\n"
ALIGNED = "prompt,is_rejected,response,category\n"


@pytest.fixture
def examine(take):
    """Findings, records and row faults of a file, with and without the mend."""

    def examine(name, content, fault=None, **options):
        found = take(name, content, mend=frozenset([fault]) if fault else frozenset(), **options)
        return (
            [f for f in found if isinstance(f, Finding)],
            [r for r in found if isinstance(r, Record)],
            [f for f in found if isinstance(f, RowFault)],
        )

    return examine


def test_every_fault_has_an_offer():
    assert set(OFFERS) == set(Fault)


@pytest.mark.parametrize(
    ("row", "stated", "mended", "category"),
    [
        ("A,illegal,False,Not none of the above. [[7. illegal]]", Verdict.SAFE, Verdict.TOXIC, Category.ILLEGAL),
        ("A,none,True,[[11. None]]", Verdict.TOXIC, Verdict.SAFE, None),
        ("A,none,True,I cannot say.", Verdict.TOXIC, Verdict.UNPARSED, None),
        ("A,none,True,[[cats]]", Verdict.TOXIC, Verdict.UNPARSED, None),
        ("A,none,False,None of the above does not fit: [[privacy]]", Verdict.SAFE, Verdict.TOXIC, Category.PRIVACY),
    ],
)
def test_a_verdict_that_contradicts_the_category(examine, row, stated, mended, category):
    findings, records, _ = examine("x.csv", MODERATED + row + "\n", moderator="m")
    assert [(f.fault, f.line, f.mended) for f in findings] == [(Fault.CONTRADICTION, 2, False)]
    assert records[0].votes[0].verdict is stated
    findings, records, _ = examine("x.csv", MODERATED + row + "\n", Fault.CONTRADICTION, moderator="m")
    assert findings[0].mended
    vote = records[0].votes[0]
    assert (vote.verdict, vote.category) == (mended, category)
    assert vote.raw == row.split(",", 3)[3]


@pytest.mark.parametrize(
    "row",
    ["A,illegal,True,[[7. illegal]]", "A,none,False,[[11. None of the above]]", "A,none,False,None of the above."],
)
def test_votes_that_agree_with_themselves(examine, row):
    assert examine("x.csv", MODERATED + row + "\n", moderator="m")[0] == []


def test_chosen_category():
    assert chosen_category("[[1. hate]] no, [[2. self-harm]]") == "self-harm"
    assert chosen_category("[[1. hate]] [[?]]") == "hate"
    assert chosen_category("none of the above") is None


@pytest.mark.parametrize(
    ("said", "mended"),
    [
        ("I cannot tell.", AnswerClass.UNPARSED),
        ("[[something else]]", AnswerClass.UNPARSED),
        ("[[direct_refusal]] or rather [[other]]", AnswerClass.UNPARSED),
        ("[[Direct_Answer]]", AnswerClass.DIRECT_ANSWER),
        ("", AnswerClass.UNPARSED),
    ],
)
def test_an_unreadable_judge(examine, said, mended):
    content = CHECKED + f"A,direct_refusal,{said},R,hate\n"
    findings, records, _ = examine("x.csv", content, model="m", judge="j")
    assert [f.fault for f in findings] == [Fault.UNREADABLE_JUDGE]
    assert records[0].responses[0].judgements[0].answer_class is AnswerClass.DIRECT_REFUSAL
    _, records, _ = examine("x.csv", content, Fault.UNREADABLE_JUDGE, model="m", judge="j")
    judgement = records[0].responses[0].judgements[0]
    assert (judgement.answer_class, judgement.raw) == (mended, said)


def test_stated_class():
    assert stated_class("[[3. Indirect Refusal]]") is AnswerClass.INDIRECT_REFUSAL
    assert stated_class("x [[direct-refusal]]") is AnswerClass.DIRECT_REFUSAL


def test_readable_refusals_are_no_fault(examine):
    content = CHECKED + "A,direct_refusal,[[2.direct_refusal]],R,hate\nB,direct_answer,odd,R,hate\n"
    assert examine("x.csv", content, model="m", judge="j")[0] == []


def test_a_category_that_is_the_prompt(examine):
    content = ALIGNED + "Ask me,False,R,Ask me\nOther,False,R,hate\n"
    findings, records, faults = examine("x.csv", content, model="m")
    assert [f.fault for f in findings] == [Fault.CATEGORY_IS_PROMPT]
    assert [r.prompt.text for r in records] == ["Other"]
    assert faults == [
        RowFault(
            2,
            "the category is the prompt's own text. The repair 'category-is-prompt' would import the prompt without a "
            "category",
        )
    ]
    _, records, faults = examine("x.csv", content, Fault.CATEGORY_IS_PROMPT, model="m")
    assert [r.prompt.category for r in records] == [None, Category.HATE]
    assert faults == []


def test_several_prompts_in_one_row(examine):
    content = "prompt,toxic_seed,category\nhow to bake 2. how to broil 3. how to boil,seed,hate\nplain,seed,hate\n"
    findings, records, _ = examine("x.csv", content)
    assert [(f.fault, f.line, f.message) for f in findings] == [
        (Fault.SEVERAL_PROMPTS, 2, "the prompt seems to be 3 prompts in one")
    ]
    assert len(records) == 2
    _, records, _ = examine("x.csv", content, Fault.SEVERAL_PROMPTS)
    assert [r.prompt.text for r in records] == ["how to bake", "how to broil", "how to boil", "plain"]
    assert {(r.prompt.seed, r.prompt.category) for r in records} == {("seed", Category.HATE)}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("how to bake]] [[2. how to broil", ["how to bake", "how to broil"]),
        ("«how to bake», «how to broil»", ["how to bake", "how to broil"]),
        ("how to bake? 4. how to broil? 5. how to boil?", ["how to bake?", "how to broil?", "how to boil?"]),
        ("how to bake", ["how to bake"]),
        ("Add 2.5 cups at 3. o'clock", ["Add 2.5 cups at 3. o'clock"]),
        ("What is in Act 1. Scene", ["What is in Act 1. Scene"]),
        ("Explain these steps:\n1. bake\n2. broil", ["Explain these steps:\n1. bake\n2. broil"]),
    ],
)
def test_split_prompts(text, pieces):
    assert split_prompts(text) == pieces


def test_repeated_rows(examine):
    content = ALIGNED + "A,False,R,hate\nB,False,R,hate\nA,False,R,hate\nB,True,S,hate\n"
    findings, records, _ = examine("x.csv", content, model="m")
    assert [(f.fault, f.line, f.message) for f in findings] == [
        (Fault.DUPLICATE, 4, "the row repeats line 2 in all columns that are read"),
        (Fault.DUPLICATE, 5, "the row repeats line 3 for the same subject, with other content"),
    ]
    assert len(records) == 4
    _, records, _ = examine("x.csv", content, Fault.DUPLICATE, model="m")
    assert [(r.line, r.responses[0].text) for r in records] == [(2, "R"), (3, "R"), (4, "R")]


def test_repeated_rows_of_one_line_are_found(examine):
    rows = [{"prompt": q, "is_toxic": False, "response": "R", "category": "hate"} for q in ("A", "B", "A")]
    findings, _, _ = examine("x.json", json.dumps(rows), model="m", mapping=ColumnMapping({Field.PROMPT: "prompt"}))
    assert [(f.fault, f.line) for f in findings] == [(Fault.DUPLICATE, 1)]


def test_columns_that_are_not_read_do_not_make_a_row_another_one(take):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.CATEGORY: "c"})
    found = take("x.csv", "no,q,c\n1,A,hate\n2,A,hate\n3,A,sexual\n", mapping=mapping)
    how = [finding.message.partition("line 2 ")[2] for finding in found if isinstance(finding, Finding)]
    assert how == ["in all columns that are read", "for the same subject, with other content"]


@pytest.mark.parametrize("part", ["prompt_label", "answer_class", "prompt_verdict", "explanation", "system_prompt"])
def test_rows_that_say_something_else_are_no_repeated_rows(take, part):
    columns = {"prompt": "q", "response": "r", part: "x"} | ({"prompt_verdict": "v"} if part == "explanation" else {})
    mapping = ColumnMapping({Field(name): column for name, column in columns.items()})
    values = {"answer_class": ("refusal", "compliance")}.get(part, ("safe", "toxic"))
    content = "q,r,v,x\n" + "".join(f"A,R,safe,{value}\n" for value in (*values, values[0]))
    found = take("x.csv", content, mapping=mapping, model="m", moderator="n", mend=frozenset(Fault))
    assert [f.message for f in found if isinstance(f, Finding)] == [
        "the row repeats line 2 in all columns that are read"
    ]
    assert sum(isinstance(row, Record) for row in found) == 3, "the last one may be the latest opinion"


def test_another_vote_of_the_same_moderator_is_a_repeated_row(examine):
    content = MODERATED + "A,hate,True,[[1. hate]]\nA,none,False,[[11. None]]\n"
    assert [f.line for f in examine("x.csv", content, moderator="m")[0]] == [3]


def test_several_responses_moderated_are_no_repeated_rows(examine):
    content = MODERATED.replace("prompt,", "prompt,response,") + "A,R,none,False,\nA,S,none,False,\n"
    assert examine("x.csv", content, moderator="m")[0] == []


def test_one_prompt_from_two_seeds_is_no_repeated_row(examine):
    assert examine("x.csv", "prompt,toxic_seed,category\nA,s,hate\nA,t,hate\n")[0] == []


def test_a_repeated_header(examine):
    content = ALIGNED + "A,False,R,hate\n" + ALIGNED + "B,False,R,hate\n"
    findings, records, faults = examine("x.csv", content, model="m")
    assert [f.fault for f in findings] == [Fault.REPEATED_HEADER]
    assert [f.line for f in faults] == [3]
    assert len(records) == 2
    _, records, faults = examine("x.csv", content, Fault.REPEATED_HEADER, model="m")
    assert (len(records), faults) == (2, [])


@pytest.mark.parametrize("good", ["Where is the café?", "It’s “fine” – really…", "Ünïcödé naïveté", "price: 5 €"])
def test_mojibake(examine, good):
    bad = good.encode().decode("latin-1")
    content = f"prompt,category\n{bad},hate\n"
    findings, records, _ = examine("x.csv", content)
    assert [(f.fault, f.line) for f in findings] == [(Fault.MOJIBAKE, 2)]
    assert records[0].prompt.text == bad
    _, records, _ = examine("x.csv", content, Fault.MOJIBAKE)
    assert records[0].prompt.text == good


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman"])
@pytest.mark.parametrize("good", ["It’s late", "now — then", "The café"])
def test_mojibake_of_single_characters(examine, encoding, good):
    content = f"prompt,category\n{good.encode().decode(encoding, errors='replace')},hate\n"
    if "\ufffd" not in content:  # Windows-1252 lacks some bytes
        assert examine("x.csv", content, Fault.MOJIBAKE)[1][0].prompt.text == good


@pytest.mark.parametrize(
    "text",
    [
        "如何安全地处理化学品？",
        "كيف أتعامل مع الغضب؟",
        "Как пройти в библиотеку?",
        "Où est le café… « là-bas » ?",
        "Ça va, señor Muñoz — ¿qué tal?",
        "Schöne Grüße an „Jürgen“, 20 °C",
        "👩‍👩‍👧 and 🏳️‍🌈 “quoted”",
        "“CAFÉ” costs 5€",
        "Er sagte: ‚Äpfel‘, √2 ≈ 1.4, ¬p ∨ q",
        "नमस्ते, कैसे हैं आप?",
        "Làm thế nào để nấu phở?",
        "São Paulo – é’s ’à".encode().decode("latin-1")[::-1],  # which the repair would not make better
    ],
)
def test_genuine_texts_are_no_mojibake(examine, text):
    assert examine("x.csv", f'prompt,category\n"{text}",hate\n')[0] == []


def test_a_column_that_is_not_read_has_no_faults(examine):
    bad = "Where is the café?".encode().decode("latin-1")
    mapping = ColumnMapping({Field.PROMPT: "q"})
    assert examine("x.csv", f"q,other\nIs it late?,{bad}\n", mapping=mapping)[0] == []


def test_all_mends_together(take):
    content = (
        "prompt,toxic_seed,category\n"
        "how to bake 2. how to broil,s,how to bake 2. how to broil\n"
        "prompt,toxic_seed,category\n"
        "how to bake,s,\n"
    )
    found = take("x.csv", content, mend=frozenset(Fault))
    assert [f.fault for f in found if isinstance(f, Finding)] == [
        Fault.CATEGORY_IS_PROMPT,
        Fault.SEVERAL_PROMPTS,
        Fault.REPEATED_HEADER,
        Fault.DUPLICATE,
    ]
    assert [r.prompt.text for r in found if isinstance(r, Record)] == ["how to bake", "how to broil", "how to bake"]
