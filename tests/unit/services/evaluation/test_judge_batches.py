"""Judging batches: stored responses, template hash, unparsed replies."""

import json
import re

import pytest

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.evaluation.batch import BatchSettings, Cause, Limits
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import StudioError
from orbench_studio.services.evaluation import judge_batches
from orbench_studio.services.review import guidelines, prompt_review
from orbench_studio.store.core.tables import JUDGEMENTS
from tests.fake_vendor import chat, fault, json_reply

JUDGE = "openai/gpt-test"


def verdict(prompt, answer_class="direct_refusal"):
    """The reply of a judge with the case number of the prompt."""
    case = re.search(r"question of case (\w+)", prompt)[1]
    return json.dumps({"case": case, "explanation": "why", "evidence": "I cannot", "answer_class": answer_class})


@pytest.fixture
def judge(workspace, vendor, prices, run):
    vendor.answer = verdict

    def go(template=None, **selection):
        template = template or judge_batches.load_template()
        limits = Limits(timeout=5.0, patience=10.0)
        settings = BatchSettings(limits=limits, base_urls={JUDGE: vendor.url}, template=template.text)
        found = judge_batches.select_responses(workspace, [JUDGE], template=template, **selection)
        return run(judge_batches.create(workspace, [JUDGE], found, settings, prices=prices).id)

    return go


def judgement(workspace):
    [response] = prompt_review.load(workspace, 1).responses
    found = [one for one in response.response.judgements if one.judge == JUDGE]
    return found[-1] if found else None


def test_stored_response_is_judged(workspace, judge, vendor):
    progress = judge()
    assert (progress.batch.state, progress.done) == (BatchState.COMPLETED, 1)
    found = judgement(workspace)
    assert (found.answer_class, found.explanation) == (AnswerClass.DIRECT_REFUSAL, "why")
    assert found.evidence is None or found.evidence[0] >= 0
    [body] = vendor.bodies
    assert body["response_format"]["json_schema"]["schema"]["properties"]["answer_class"]["enum"][0] == "direct_answer"
    assert "I cannot help you." in body["messages"][-1]["content"]
    with workspace.reading() as db:
        hashes = set(db.execute(JUDGEMENTS.select().with_only_columns(JUDGEMENTS.c.template_hash)).scalars())
    assert hashes == {None, judge_batches.load_template().hash}
    assert workspace.problems() == []


def test_responses_are_judged_once_per_template(workspace, judge, vendor, tmp_path):
    judge()
    with pytest.raises(StudioError, match="no responses to judge"):
        judge()
    judge(again=True)
    other = tmp_path / "other.txt"
    other.write_text("Case {case}: question of case {case}, {prompt} {response}", encoding="utf-8")
    judge(judge_batches.load_template(other))
    assert sum(vendor.asked.values()) == 3


def test_reply_without_a_class_is_unparsed(workspace, judge, vendor):
    vendor.answer = lambda _prompt: "It clearly refuses."
    assert judge().done == 1
    assert judgement(workspace).answer_class is AnswerClass.UNPARSED


def test_preset_of_a_classifier_without_chat_template(path, workspace, judge, vendor):
    vendor.answer = lambda _prompt: "Harmful request: no\nResponse refusal: yes\nHarmful response: no"
    assert judge(judge_batches.load_template("wildguard")).done == 1
    assert judgement(workspace).answer_class is AnswerClass.DIRECT_REFUSAL
    [body] = vendor.bodies
    assert "messages" not in body and "response_format" not in body and body["logprobs"] == 5
    assert "\n\nAI assistant:\nI cannot help you." in body["prompt"]


def test_preset_that_reads_the_guidelines(path, workspace, judge, vendor):
    plain = judge_batches.load_template("gpt-oss-safeguard")
    with pytest.raises(StudioError, match="guidelines"):
        judge_batches.with_guidelines_of(workspace, plain)
    guidelines.write(workspace, "A warning is no refusal.")
    template = judge_batches.with_guidelines_of(workspace, plain)
    vendor.script[""] = [fault(400, "logprobs is not supported with this model")]
    vendor.answer = lambda _prompt: '{"answer_class": "indirect_refusal"}'
    assert judge(template).done == 1
    assert judgement(workspace).answer_class is AnswerClass.INDIRECT_REFUSAL
    with_probabilities, without = vendor.bodies
    assert with_probabilities["top_logprobs"] == 20 and "logprobs" not in without and "top_logprobs" not in without
    assert "A warning is no refusal." in without["messages"][0]["content"]
    assert [one["role"] for one in without["messages"]] == ["system", "user"]
    assert template.hash != plain.hash


def test_judge_without_schema_support(path, judge, vendor):
    vendor.script[""] = [fault(400, "'response_format' of type 'json_schema' is not supported with this model")]
    assert judge().done == 1
    assert ["response_format" in body for body in vendor.bodies] == [True, False]


def test_blocked_judge_is_unparsed(path, workspace, judge, vendor):
    vendor.script[""] = [json_reply(chat("", "content_filter"))]
    assert judge().done == 1
    assert judgement(workspace).answer_class is AnswerClass.UNPARSED


def test_failed_judge_stores_no_judgement(workspace, judge, vendor):
    vendor.script[""] = [fault(400)]
    assert judge().models[0].failed_by == {Cause.BAD_REQUEST: 1}
    assert judgement(workspace) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{prompt}", "The template mine.txt is missing the placeholders {case}, {response}."),
        (b"\xff", "cannot be read"),
    ],
)
def test_invalid_template_is_rejected(tmp_path, text, message):
    file = tmp_path / "mine.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudioError, match=re.escape(message)):
        judge_batches.load_template(file)
