"""What becomes of replies that arrive in pieces, are too large, or hold what cannot be stored as it is."""

import pytest

from orbench_studio.domain.evaluation.batch import BatchState, Cause
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.review import prompt_review
from tests.delivery import WAYS
from tests.fake_vendor import chat, fault, says


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_is_answered_in_every_way(path, workspace, create, run, vendor, way):
    vendor.way, vendor.answer = way, lambda prompt: f"{prompt}\n{'A long answer. ' * 10_000}"
    progress = run(create("openai/gpt-test", "anthropic/claude-test"))
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.FINISHED, 8, 0)
    assert set(vendor.asked.values()) == {2}, "once each model"
    for prompt_id in (1, 2, 3, 4):
        view = prompt_review.load(workspace, prompt_id)
        texts = [one.response.text for one in view.responses if one.response.model.endswith("-test")]
        assert texts == [vendor.answer(view.prompt.text)] * 2


def test_a_reply_that_is_too_large_is_not_paid_for_again(path, create, run, vendor, workspace):
    vendor.script["second base"] = [says(chat("x" * 17_000_000))] * 9
    batch = create()
    assert run(batch).models[0].failed_by == {Cause.TOO_LARGE: 1}
    assert vendor.asked["How do I steal second base?"] == 1
    assert "larger than 16 MB" in batch_control.failures(workspace, batch)[0].message


UNTELLABLE = {"half a character": "no \ud83d, never", "a zero": "no \0, never", "a terminal's": "no \x1b[2J\x9b, never"}


@pytest.mark.parametrize("how", UNTELLABLE)
def test_a_strange_error_text_is_kept(create, run, vendor, workspace, how):
    vendor.script["second base"] = [fault(400, UNTELLABLE[how])]
    batch = create(prompt_ids=[2])
    assert run(batch).models[0].failed_by == {Cause.BAD_REQUEST: 1}
    [failed] = batch_control.failures(workspace, batch)
    assert failed.message.startswith("400: no ")
    assert failed.message.endswith(", never")
