"""Batches with replies in chunks, too large replies, and unusual error messages."""

import pytest

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.review import prompt_review
from tests.delivery import WAYS
from tests.fake_vendor import chat, fault, json_reply


@pytest.mark.parametrize("way", WAYS)
def test_batch_in_every_way_of_delivery(path, workspace, create, run, vendor, way):
    vendor.way, vendor.answer = way, lambda prompt: f"{prompt}\n{'A long answer. ' * 10_000}"
    progress = run(create("openai/gpt-test", "anthropic/claude-test"))
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.COMPLETED, 8, 0)
    assert set(vendor.asked.values()) == {2}, "once per model"
    for prompt_id in (1, 2, 3, 4):
        view = prompt_review.load(workspace, prompt_id)
        texts = [one.response.text for one in view.responses if one.response.model.endswith("-test")]
        assert texts == [vendor.answer(view.prompt.text)] * 2


def test_too_large_reply_is_not_requested_again(path, create, run, vendor, workspace):
    vendor.script["second base"] = [json_reply(chat("x" * 17_000_000))] * 9
    batch = create()
    assert run(batch).models[0].failed_by == {Cause.TOO_LARGE: 1}
    assert vendor.asked["How do I steal second base?"] == 1
    assert "larger than 16 MB" in batch_control.failures(workspace, batch)[0].message


UNUSUAL = {"half a character": "no \ud83d, never", "a zero": "no \0, never", "a terminal's": "no \x1b[2J\x9b, never"}


@pytest.mark.parametrize("how", UNUSUAL)
def test_unusual_error_message_is_stored(create, run, vendor, workspace, how):
    vendor.script["second base"] = [fault(400, UNUSUAL[how])]
    batch = create(prompt_ids=[2])
    assert run(batch).models[0].failed_by == {Cause.BAD_REQUEST: 1}
    [failed] = batch_control.failures(workspace, batch)
    assert failed.message.startswith("400: no ")
    assert failed.message.endswith(", never")
