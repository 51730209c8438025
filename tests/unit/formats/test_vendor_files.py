"""What vendors' own writers write into files: every text is stored where it belongs, or named in the report."""

import json

import pytest

from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record
from tests.unit.formats.field_rows import ASK, SAY, lines


def openai(body, status=200, error=None):
    return {"id": "b", "custom_id": "r", "response": {"status_code": status, "body": body}, "error": error}


def reply(*parts):
    return {"type": "message", "role": "assistant", "content": [
        {"type": "refusal", "refusal": part[1]} if isinstance(part, tuple) else {"type": "output_text", "text": part}
        for part in parts]}  # fmt: skip


def claude(*content, stop="end_turn"):
    message = {"model": "elm", "content": content, "stop_reason": stop}
    return {"custom_id": "r", "result": {"type": "succeeded", "message": message}}


def text(of):
    return {"type": "text", "text": of}


CALL = {"type": "function_call", "call_id": "c", "name": "shear", "arguments": '{"sheep": 1}'}
NO = ("refusal", SAY[1])


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (openai({"output": [{"type": "reasoning", "summary": []}, reply(SAY[0], NO)]}),
         [(f"{SAY[0]}\n{SAY[1]}", "refused", None)]),
        (openai({"output": [reply(SAY[0]), CALL, reply(SAY[2])]}), [(f"{SAY[0]}\n{SAY[2]}", "unknown", None)]),
        (openai({"output": [reply("On a dry ", "day."), reply(NO)]}), [(f"On a dry day.\n{SAY[1]}", "refused", None)]),
        (openai({"choices": [{"message": {"content": SAY[0], "refusal": SAY[1]}}]}),
         [(f"{SAY[0]}\n{SAY[1]}", "refused", None)]),
        (openai({"choices": [{"message": {"content": None, "audio": {"transcript": SAY[0]}}}]}),
         [(SAY[0], "unknown", None)]),
        (openai({"choices": [{"text": SAY[0], "finish_reason": "tool_calls"}]}), [(SAY[0], "stop", None)]),
        (openai({"choices": []}, 500), [("", "error", "500")]),
        (openai({}, 500), [("", "error", "500")]),
        (openai({"error": {"message": "Too busy."}}, 503), [("", "error", "Too busy.")]),
        (openai({"error": {"message": "It hurts.", "code": "content_filter"}}, 400), [("", "blocked", None)]),
        (openai({"error": {"code": "quota_is_spent"}}, 429), [("", "error", "quota_is_spent")]),
        (openai(None, error={"code": "batch_cancelled", "message": None}), [("", "error", "batch_cancelled")]),
        (openai({"output": [reply("Half")], "status": "failed", "error": {"message": "Too late."}}),
         [("Half", "error", "Too late.")]),
        (claude(text("On a dry "), text("day."), {"type": "tool_use", "input": {"a": "b"}}, text("In the barn.")),
         [("On a dry day.\nIn the barn.", "stop", None)]),
        (claude(text(SAY[0]), stop="model_context_window_exceeded"), [(SAY[0], "length", None)]),
        (claude(text(SAY[0]), stop="guardrail_intervened"), [(SAY[0], "blocked", None)]),
    ],
)  # fmt: skip
def test_what_a_vendor_s_batch_returned(write, take, row, found):
    asked = {"messages": [{"role": "user", "content": ASK[0]}], "model": "elm"}
    requests = [{"custom_id": "r", "params" if "result" in row else "body": asked}]
    [record] = take("results.jsonl", json.dumps(row), requests=write("requests.jsonl", lines(requests)))
    assert [(r.text, str(r.stop_reason), r.error) for r in record.responses] == found


THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}, {"type": "x", "text": "Aha."}]}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (claude({"type": "thinking", "thinking": "Hm."}, text(SAY[0])), ["Hm."]),
        (claude(text(SAY[0])), [None]),
        (openai({"output": [THOUGHT, reply(SAY[0])]}), ["Hm.\nAha."]),
        (openai({"choices": [{"message": {"content": SAY[0], "reasoning_content": "Hm."}},
                             {"message": {"content": SAY[1], "reasoning_content": None}}]}), ["Hm.", None]),
    ],
)  # fmt: skip
def test_the_reasoning_in_a_vendor_s_batch_is_stored(write, row, found):
    asked = {"messages": [{"role": "user", "content": ASK[0]}], "model": "elm"}
    requests = write("asked.jsonl", lines([{"custom_id": "r", "params" if "result" in row else "body": asked}]))
    with read_file(write("a.jsonl", json.dumps(row)), options=ReadOptions(requests=requests)) as file:
        [record] = list(file.records)
        assert [r.reasoning for r in record.responses] == found
        assert not any(name in note for note in file.tally.notes for name in ("thinking", "summary.text", "reasoning_"))


@pytest.mark.parametrize(
    ("body", "prompt", "earlier", "named"),
    [
        ({"prompt": ASK[0]}, ASK[0], None, []),
        ({"input": [{"role": "user", "content": ASK[1], "type": None}, {**CALL, "role": None, "content": None},
                    {"type": "function_call_output", "call_id": "c", "output": "One sheep."},
                    {"role": "user", "content": [{"type": "input_text", "text": ASK[0]}]}]},
         ASK[0], f"user: {ASK[1]}", ["request.body.input.arguments", "request.body.input.output"]),
        ({"input": [{"type": "item_reference", "id": "m1"}, {"role": "user", "content": ASK[0]}]}, ASK[0], None,
         ["request.body.input.id"]),
        ({"messages": [{"role": "assistant", "content": None, "refusal": SAY[1]},
                       {"role": "assistant", "content": [{"type": "refusal", "refusal": SAY[1]}]},
                       {"role": "user", "content": ASK[0]}]},
         ASK[0], f"assistant: {SAY[1]}\n\nassistant: {SAY[1]}", []),
    ],
)  # fmt: skip
def test_what_was_sent_to_a_vendor_s_batch(write, body, prompt, earlier, named):
    requests = write("requests.jsonl", lines([{"custom_id": "r", "body": {"model": "oak", **body}}]))
    with read_file(write("a.jsonl", json.dumps(openai({"output": [reply(SAY[0])]}))),
                   options=ReadOptions(requests=requests)) as file:  # fmt: skip
        [record] = list(file.records)
        assert isinstance(record, Record), record
        assert [name for name in named if name not in " ".join(file.tally.notes)] == []
    assert (record.prompt.text, record.prompt.attributes.get("earlier_turns")) == (prompt, earlier)


def results(*given, **more):
    """A task of Label Studio whose annotation has these results: control, object, type and value."""
    made = [{"from_name": name, "to_name": to, "type": kind, "value": value} for name, to, kind, value in given]
    data = {"prompt": ASK[0], "response": SAY[0], "model": "oak"}
    return {"id": 1, "data": data, "annotations": [{"completed_by": 7, "result": made, **more}]}


SAFE, TOXIC = {"choices": ["safe"]}, {"choices": ["toxic"]}
NAMED = {**results(("label", "prompt", "choices", SAFE))}
NAMED["annotations"][0]["result"][0]["meta"] = {"text": ["Odd one."]}


@pytest.mark.parametrize(
    ("row", "decided", "counted"),
    [
        (results(("of_answer", "response", "choices", TOXIC), ("label", "prompt", "choices", SAFE)),
         [("label-studio-7", "safe")], {("of_answer", "toxic", "not read"): 1, ("label", "safe", "safe"): 1}),
        (results(("word", "prompt", "choices", {"start": 0, "end": 3, "text": "How", **TOXIC})), [],
         {("word", "toxic", "not read"): 1}),
        (results(("label", "prompt", "choices", TOXIC), skipped=True), [], {}),
        ({"data": {"prompt": ASK[0]}, "annotations": [{"result": [
            {"type": "choices", "from_name": "label", "value": SAFE, "meta": {"text": "ann"}}]}]},
         [("ann", "safe")], {("label", "safe", "safe"): 1}),
        (NAMED, [("label-studio-7", "safe")], {("label", "safe", "safe"): 1}),
        ({"fields": {"prompt": ASK[0]}, "responses": [
            {"user_id": "u", "status": "submitted", "values": {"label": {"value": "safe"}, "note": {"value": "Hm."}}},
            {"user_id": "v", "status": "discarded", "values": {"label": {"value": "toxic"}}}]},
         [("u", "safe"), ("u", "Hm.")], {("label", "safe", "safe"): 1}),
        ({"fields": {"prompt": ASK[0], "response": SAY[0]}, "metadata": {"model": "oak"}, "responses": {
            "response_safety": [{"value": "toxic", "user_id": "u"}]}},
         [], {("response_safety", "toxic", "not read"): 1}),
    ],
)  # fmt: skip
def test_the_decisions_of_annotation_tools(write, row, decided, counted):
    """A choice about the response, or about words of the prompt, is no label of the prompt."""
    with read_file(write("a.json", json.dumps([row]))) as file:
        [record] = list(file.records)
        assert isinstance(record, Record), record
        columns = {c.column: c.values for c in file.tally.columns if c.field == "choice"}
    assert record.prompt.text == ASK[0]
    assert [(each.annotator, each.value) for each in record.annotations] == decided
    assert {(of, *pair): count for of, values in columns.items() for pair, count in values.items()} == counted


def test_what_an_annotation_of_label_studio_has_beside_its_choices_is_named(write):
    more = {"reviews": [{"accepted": False}], "comments": [{"text": "Look again."}], "lead_time": 2}
    path = write("a.json", json.dumps([results(("label", "prompt", "choices", SAFE), **more), NAMED]))
    with read_file(path) as file:
        list(file.records)
        [notes] = [note for note in file.tally.notes if note.startswith("values beside")]
    expected = ("annotations.reviews", "annotations.comments", "annotations.result.meta.text")
    assert [name for name in expected if name not in notes] == []


def test_tasks_that_pandas_wrote_as_csv_are_read(take):
    task = results(("label", "prompt", "choices", SAFE))
    cells = [str(task["data"]).replace('"', '""'), str(task["annotations"]).replace('"', '""')]
    [found, *_, fault] = take("a.csv", f'data,annotations\n"{cells[0]}","{cells[1]}"\n"{cells[0]}",[{{\n')
    assert [each.value for each in found.annotations] == ["safe"] and found.prompt.text == ASK[0]
    assert fault.reason == "a cell is neither JSON nor a list or an object as Python prints it"


@pytest.mark.parametrize("answers", [["safe"], [{"user_id": "u"}]])
def test_answers_of_another_form_reject_their_row_in_words(take, answers):
    [fault] = take("a.json", json.dumps([{"fields": {"prompt": ASK[0]}, "responses": answers}]))
    assert fault.reason == "responses has no answers by question, as Argilla writes them"


def of_promptfoo(at, response, **provider):
    return {"provider": {"id": "file://oak.js", **provider}, "vars": {}, "prompt": {"raw": ASK[at]}, "success": True,
            "response": response}  # fmt: skip


def test_a_label_of_promptfoo_names_the_model_and_its_flag_a_refusal(take):
    """Two providers may differ only in their labels; the flag says that the vendor's own field has the refusal."""
    given = [of_promptfoo(0, {"output": SAY[0]}, label="oak, cold"), of_promptfoo(0, {"output": SAY[0]}, label=""),
             of_promptfoo(1, {"output": SAY[1], "isRefusal": True, "finishReason": "stop"}),
             of_promptfoo(1, {"output": SAY[1], "isRefusal": True, "finishReason": "content_filter"}),
             of_promptfoo(2, {"output": SAY[2], "isRefusal": False, "finishReason": "stop"})]  # fmt: skip
    found = [record.responses[0] for record in take("out.jsonl", lines(given))]
    assert [r.model for r in found] == ["oak, cold", *["file://oak.js"] * 4]
    assert [(r.text, str(r.stop_reason)) for r in found[1:]] == [
        (SAY[0], "unknown"), (SAY[1], "refused"), (SAY[1], "blocked"), (SAY[2], "stop")]  # fmt: skip
