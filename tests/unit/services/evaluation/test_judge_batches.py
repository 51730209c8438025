"""Judging what is stored: through the same batches, with the template's hash, never twice unasked."""

import json
import re

import pytest

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.evaluation.batch import BatchSettings, BatchState, Cause, Limits
from orbench_studio.errors import StudioError
from orbench_studio.services.evaluation import judge_batches
from orbench_studio.services.review import prompt_review
from orbench_studio.store.core.tables import JUDGEMENTS
from tests.fake_vendor import chat, fault, says

JUDGE = "openai/gpt-test"


def verdict(prompt, answer_class="direct_refusal"):
    """What a judge says who has read the case's number."""
    case = re.search(r"question of case (\w+)", prompt)[1]
    return json.dumps({"case": case, "explanation": "why", "evidence": "I cannot", "answer_class": answer_class})


@pytest.fixture
def judge(workspace, vendor, prices, run):
    vendor.answer = verdict

    def go(template=None, **chosen):
        template = template or judge_batches.load_template()
        limits = Limits(timeout=5.0, patience=10.0)
        settings = BatchSettings(limits=limits, base_urls={JUDGE: vendor.url}, template=template.text)
        found = judge_batches.choose(workspace, [JUDGE], template=template, **chosen)
        return run(judge_batches.create(workspace, [JUDGE], found, settings, prices=prices).id)

    return go


def judgement(workspace):
    [response] = prompt_review.load(workspace, 1).responses
    found = [one for one in response.response.judgements if one.judge == JUDGE]
    return found[-1] if found else None


def test_a_stored_response_is_judged(workspace, judge, vendor):
    progress = judge()
    assert (progress.batch.state, progress.done) == (BatchState.FINISHED, 1)
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


def test_nothing_is_judged_twice_unless_asked_or_asked_otherwise(workspace, judge, vendor, tmp_path):
    judge()
    with pytest.raises(StudioError, match="no responses to judge"):
        judge()
    judge(again=True)
    other = tmp_path / "other.txt"
    other.write_text("Case {case}: question of case {case}, {prompt} {response}", encoding="utf-8")
    judge(judge_batches.load_template(other))
    assert sum(vendor.asked.values()) == 3


def test_an_unreadable_judge_is_unparsed(workspace, judge, vendor):
    vendor.answer = lambda _prompt: "It clearly refuses."
    assert judge().done == 1
    assert judgement(workspace).answer_class is AnswerClass.UNPARSED


def test_a_judge_that_takes_no_schema_is_asked_without(judge, vendor):
    vendor.script[""] = [fault(400, "'response_format' of type 'json_schema' is not supported with this model")]
    assert judge().done == 1
    assert ["response_format" in body for body in vendor.bodies] == [True, False]


def test_a_judge_that_is_blocked_is_unparsed(workspace, judge, vendor):
    vendor.script[""] = [says(chat("", "content_filter"))]
    assert judge().done == 1
    assert judgement(workspace).answer_class is AnswerClass.UNPARSED


def test_a_judge_that_fails_says_nothing(workspace, judge, vendor):
    vendor.script[""] = [fault(400)]
    assert judge().models[0].failed_by == {Cause.BAD_REQUEST: 1}
    assert judgement(workspace) is None


@pytest.mark.parametrize(("text", "message"), [("{prompt}", "lack {case}, {response}"), (b"\xff", "cannot be read")])
def test_a_template_that_cannot_be_used_is_refused(tmp_path, text, message):
    file = tmp_path / "mine.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudioError, match=re.escape(message)):
        judge_batches.load_template(file)
