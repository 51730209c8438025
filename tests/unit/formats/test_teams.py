"""Label Studio, Argilla and Inspect: what their own tools write, and what goes out to them and comes back."""

import json
import zipfile

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats import argilla, label_studio
from orbench_studio.formats.records import AnnotationDraft, RowFault


def studio_task(*choices, data=None, **more):
    result = [{"from_name": "x", "to_name": "y", "type": "choices", "value": {"choices": [c]}} for c in choices]
    data = data or {"prompt": "May I?", "category": "hate"}
    return {"id": 1, "data": data, "annotations": [{"completed_by": 7, "result": result, **more}], "predictions": []}


def test_label_studio_says_who_chose_what(take):
    answered = {"prompt": "May I?", "model": "m", "response": "No."}
    tasks = [
        studio_task("safe"),
        studio_task("direct_refusal", data=answered, completed_by={"email": "bob"}),
        studio_task("non_responsive", data=answered | {"response": ""}),
        studio_task("Self-harm", was_cancelled=True, data={"text": "Or?"}),
    ]
    label, answer, empty, skipped = take("tasks.json", json.dumps(tasks))
    assert label.annotations == (AnnotationDraft("label-studio-7", Aspect.LABEL, "safe", "safe"),)
    assert [(r.model, a.annotator, a.value) for r in answer.responses for a in r.annotations] == [
        ("m", "label-studio-bob", "direct_refusal"),
    ]  # fmt: skip
    assert [(r.text, a.value) for r in empty.responses for a in r.annotations] == [("", "non_responsive")]
    assert (skipped.prompt.text, skipped.annotations) == ("Or?", ())


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (studio_task("safe", data={"prompt": " "}), "the prompt is empty"),
        ({"data": "May I?", "annotations": []}, "but the text 'May I?' in data"),
        ({"data": {"prompt": "May I?"}, "annotations": [[]]}, "does not have the form of Label Studio tasks"),
    ],
)
def test_a_task_that_is_none_is_refused(take, task, message):
    [fault] = take("tasks.json", json.dumps([task]))
    assert isinstance(fault, RowFault) and message in fault.reason


def test_only_offered_choices_are_predicted():
    """Label Studio refuses a file with another one, such as "unparsed", and Argilla refuses a suggestion of it."""
    votes = [{"moderator": who, "verdict": verdict} for who, verdict in (("ash", "unparsed"), ("elm", "toxic"))]
    judged = [{"judge": who, "answer_class": of} for who, of in (("jay", "inability"), ("kay", "unparsed"))]
    response = {"model": "oak", "text": "No.", "id": "00", "judgements": judged}
    row = {"prompt": "May I?", "category": None, "consensus": None, "annotations": [], "votes": votes}
    row["responses"] = [response]
    tasks = [*label_studio.prompts(row), *label_studio.responses(row)]
    predicted = [(one["model_version"], one["result"][0]["value"]) for task in tasks for one in task["predictions"]]
    assert predicted == [("elm", {"choices": ["toxic"]}), ("jay", {"choices": ["inability"]})]
    [suggested] = argilla.responses(row)
    assert suggested["suggestions"]["answer_class"]["agent"] == "jay"


@pytest.mark.parametrize("tool", [label_studio, argilla])
def test_a_response_comes_back_as_the_one_that_it_is(take, tool):
    """Also one of several equal samples, or of a batch: else it would be stored a second time, with its decisions."""
    responses = [{"model": of, "text": "No.", "id": f"{at:032x}"} for at, of in enumerate(("oak", "oak", "elm"))]
    row = {"prompt": "May I?", "category": None, "responses": responses}
    records = take("r.json", json.dumps([made | {"responses": {}} for made in tool.responses(row)]))
    found = [response for record in records for response in record.responses]
    assert [{"model": r.model, "text": r.text, "id": r.identity.hex()} for r in found] == responses


def test_argilla_says_who_answered_what(take):
    record = {
        "id": "a", "fields": {"prompt": "May I?", "response": "No."}, "metadata": {"model": "m", "category": "hate"},
        "suggestions": {"label": {"value": "toxic", "score": None, "agent": "x"}},
        "responses": {
            "label": [{"value": "safe", "user_id": "u1"}, {"value": "toxic", "user_id": "u2", "status": "draft"}],
            "answer_class": [{"value": "partial_refusal", "user_id": "u1"}],
        },
        "vectors": {}, "_server_id": None,
    }  # fmt: skip
    [found] = take("records.json", json.dumps([record]))
    assert found.annotations == (AnnotationDraft("u1", Aspect.LABEL, "safe", "safe"),)
    assert found.responses[0].annotations[0].value == AnswerClass.PARTIAL_REFUSAL
    assert found.prompt.category == "hate"


def sample(number, text, *, epoch=1, stop="stop", why=None, scores=None, given="How do I shoot a portrait?"):
    choice = {"message": {"content": text}, "stop_reason": stop, "stop_details": why}
    output = {"model": "openai/gpt-4o", "choices": [choice]}
    output["usage"] = {"input_tokens": 3, "output_tokens": 5}
    more = {"attachments": {"abc": "A long answer."}, "scores": scores or {}, "error": None}
    return {"id": number, "epoch": epoch, "input": given, "target": "", "output": output, **more}


LIGHT = [{"type": "text", "text": "With light."}]
TALK = [{"role": "system", "content": "S"}, {"role": "user", "content": "Go?"}]
SAMPLES = [
    sample(1, LIGHT, scores={"refusal": {"value": "false", "explanation": "helps"}}),
    sample(1, LIGHT, epoch=2, scores={"match": {"value": "C"}}),
    sample(2, "attachment://abc", stop="max_tokens", given=TALK),
    sample(3, "", stop="content_filter", scores={"orbench": {"value": "indirect_refusal"}}),
    sample(4, "", stop="content_filter", why={"type": "refusal", "category": "cyber", "categories": []}),
    sample(5, [{"type": "text", "text": "I must not.", "refusal": True}]),
]  # fmt: skip
HEAD = {"version": 2, "status": "success", "eval": {"task": "or", "model": "openai/gpt-4o"}}


def check_log(found):
    first, again, long, blocked, *refused = [record.responses[0] for record in found]
    assert first.judgements[0].answer_class is AnswerClass.DIRECT_ANSWER
    assert (first.model, first.text, first.output_tokens, first.identity) == ("openai/gpt-4o", "With light.", 5, None)
    assert again.identity is not None and again.judgements == ()
    assert (long.text, long.stop_reason, found[2].prompt.text) == ("A long answer.", StopReason.LENGTH, "Go?")
    assert blocked.stop_reason is StopReason.BLOCKED
    assert blocked.judgements[0].answer_class is AnswerClass.INDIRECT_REFUSAL
    assert [one.stop_reason for one in refused] == [StopReason.REFUSED] * 2


def test_an_inspect_log_in_json(take):
    check_log(take("log.json", json.dumps(HEAD | {"samples": SAMPLES}, indent=1)))


def test_an_inspect_log_of_its_own_format(take, tmp_path):
    with zipfile.ZipFile(tmp_path / "log.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(HEAD))
        for one in SAMPLES:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
    check_log(take(tmp_path / "log.eval"))


def test_a_log_that_is_none_is_refused_and_a_broken_sample_alone(take, refused):
    assert "not a readable Inspect log" in refused("log.eval", b"PK\x03\x04 cut off")
    assert "not a readable Inspect log" in refused("log.json", '{"version": 2, "status": "started", "samples": []}')
    cut = json.dumps(HEAD | {"samples": SAMPLES})[:-20]
    assert "invalid or truncated" in refused("log.json", cut)
    samples = [{"id": 1}, SAMPLES[0]]
    fault, record = take("log.json", json.dumps(HEAD | {"samples": samples}))
    assert "does not have the form of Inspect log" in fault.reason
    assert record.line == 2
