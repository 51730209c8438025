"""The prompt is all that was sent to a model: contexts, strategies, turns; what cannot be read is counted."""

import json

import pytest

from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from tests.unit.formats.field_rows import ASK, PROMPTFOO, SAY, SORRY, lines, prompts
from tests.unit.formats.test_field_tools import GARAK

BEHAVIORS = [
    {"Behavior": q, "SemanticCategory": "farm", "BehaviorID": f"b{at}", "ContextString": context}
    for at, (q, context) in enumerate(zip((*ASK, ASK[0]), ("", "It is May.", None, "It is June."), strict=True))
]
CASES = [{"query": q, "context": {"sender": {"platform": "a farm"}}, "context_intended_to_be_safe": True,
          "category": "farm"} for q in ASK]  # fmt: skip
ATTACKS = [{"category": "farm", "source": "us", "forbidden_prompt": q, "jailbreak": name, "response": r}
           for q, r, name in zip(ASK, SAY, ("none", "PAIR", "AIM"), strict=True)]  # fmt: skip


def test_harmbench_sends_the_context_before_the_behavior(take):
    found = take("behaviors.jsonl", lines(BEHAVIORS))
    assert prompts(found) == [ASK[0], f"It is May.\n\n---\n\n{ASK[1]}", ASK[2], f"It is June.\n\n---\n\n{ASK[0]}"]


@pytest.mark.parametrize(
    ("name", "rows", "count", "column"),
    [
        ("behaviors.jsonl", [{**row, "ImageFileName": "a.png"} for row in BEHAVIORS[:2]], 2, "ImageFileName"),
        ("cases.jsonl", CASES, 3, "context"),
        ("attacks.jsonl", ATTACKS, 2, "jailbreak"),
    ],
)
def test_what_was_sent_with_a_prompt_and_is_not_read_is_counted(write, name, rows, count, column):
    with read_file(write(name, lines(rows)), options=ReadOptions(model="oak")) as file:
        assert [record.prompt.text.endswith("?") for record in file.records] == [True] * len(rows)
        assert file.tally.not_read == {column: count}


@pytest.mark.parametrize(
    "more", [{"system_prompt": "Answer as a shepherd would."}, {"jailbroken_prompt": "You are a shepherd. Now:"},
             {"adv_suffix": "! ! sheep now"}, {"context": "It is May and it rains."}]
)  # fmt: skip
def test_a_known_format_with_more_that_may_have_been_sent_is_asked_about(refused, take, more):
    rows = lines({"category": "farm", "source": "us", "forbidden_prompt": q, **{k: f"{v} {q}" for k, v in more.items()}}
                 for q in ASK)  # fmt: skip
    assert f"it looks like strongreject, but {next(iter(more))} may" in refused("x.jsonl", rows)
    assert prompts(take("x.jsonl", rows, format_name="strongreject")) == list(ASK)


def test_promptfoo_sends_what_a_strategy_made_of_the_prompt(take):
    rows = [{**row, "response": {**row["response"], "metadata": {"redteamFinalPrompt": f"Now: {q}"}}}
            for q, row in zip(ASK, PROMPTFOO["results"]["results"], strict=True)]  # fmt: skip
    rows[1]["response"]["prompt"] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": ASK[1]}]
    found = take("out.json", json.dumps({**PROMPTFOO, "results": {**PROMPTFOO["results"], "results": rows}}))
    assert prompts(found) == [f"Now: {ASK[0]}", ASK[1], f"Now: {ASK[2]}"]
    assert "Be brief." in found[1].responses[0].asked


ANSWERS = [{"question_id": at, "model_id": "oak", "choices": [{"index": n, "turns": [f"{r} {n}"]} for n in (0, 1)]}
           for at, r in enumerate(SAY)]  # fmt: skip


def test_choices_are_samples_and_turns_are_not(write, take):
    asked = write("question.jsonl", lines(SORRY))
    found = take("oak.jsonl", lines(ANSWERS), requests=asked)
    assert [[r.text for r in record.responses] for record in found] == [[f"{r} 0", f"{r} 1"] for r in SAY]
    turns = [{**row, "choices": [{"index": 0, "turns": [SAY[0], "Then go home."]}]} for row in ANSWERS]
    for path in ("choices.turns", "choices.0.turns"):
        mapping = ColumnMapping({Field.PROMPT: "request.turns.0", Field.RESPONSE: path, Field.MODEL: "model_id"})
        for fault in take("oak.jsonl", lines(turns), requests=asked, mapping=mapping):
            assert "turns has 2 turns of a conversation. Name one, such as turns.0" in fault.reason
    flat = lines({"prompt": q, "model": "oak", "turns": [r, "Then go home."]} for q, r in zip(ASK, SAY, strict=True))
    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.RESPONSE: "turns", Field.MODEL: "model"})
    assert ["2 turns" in fault.reason for fault in take("flat.jsonl", flat, mapping=mapping)] == [True] * 3
    mapping = ColumnMapping({**mapping.columns, Field.RESPONSE: "turns.0"})
    assert [record.responses[0].text for record in take("flat.jsonl", flat, mapping=mapping)] == list(SAY)


@pytest.mark.parametrize("number", [int, float])
def test_an_attempt_of_garak_that_was_not_scored_is_read(write, number):
    """pandas writes the status as a decimal number."""

    def attempt(uuid, status, asked, out):
        return {**GARAK[1], "uuid": uuid, "status": number(status), "prompt": asked, "outputs": out}

    rows = [GARAK[0], attempt("a", 1, ASK[0], [SAY[0]]), attempt("b", 1, ASK[1], [{"text": SAY[1]}]),
            attempt("a", 2, ASK[0], [SAY[0]]), attempt("c", 2, ASK[2], []),
            attempt("d", 2, "Why?", [None]), attempt("e", 2, "Who?", [SAY[2], None])]  # fmt: skip
    with read_file(write("run.report.jsonl", lines(rows))) as file:
        found = [(record.prompt.text, [response.text for response in record.responses]) for record in file.records]
        assert found == [(ASK[0], [SAY[0]]), (ASK[2], []), ("Why?", [""]), ("Who?", [SAY[2]]), (ASK[1], [SAY[1]])]
        assert file.tally.notes["rows of another kind were not read (entry_type: start_run setup)"] == 1
        assert (
            file.tally.notes["rows of an earlier state (status 1) were left out for later ones of the same uuid"] == 1
        )
        assert file.tally.notes["rows with no response were read as prompts only"] == 1
        assert (
            file.tally.notes["rows of an earlier state (status 1) were read, as no later row of the same uuid follows"]
            == 1
        )
