"""The state machine of batches and items."""

import pytest

from orbench_studio.domain.evaluation.states import COUNTED, TO_SEND, UNFINISHED, BatchAction, BatchState, ItemState

READY, RUNNING, PAUSED, FAILED, COMPLETED, CANCELLED = BatchState
AFTER = {
    BatchAction.START: {READY: RUNNING, RUNNING: RUNNING, PAUSED: RUNNING, FAILED: RUNNING},
    BatchAction.PAUSE: {RUNNING: PAUSED, FAILED: PAUSED, PAUSED: PAUSED},
    BatchAction.CANCEL: dict.fromkeys((READY, RUNNING, PAUSED, FAILED, CANCELLED), CANCELLED),
    BatchAction.RETRY: {READY: READY, RUNNING: RUNNING, PAUSED: PAUSED, FAILED: FAILED, COMPLETED: READY},
    BatchAction.COMPLETE: {RUNNING: COMPLETED, COMPLETED: COMPLETED},
    BatchAction.FAIL: {RUNNING: FAILED, FAILED: FAILED},
}


@pytest.mark.parametrize("action", BatchAction)
@pytest.mark.parametrize("state", BatchState)
def test_state_after_an_action(state, action):
    assert state.after(action) == AFTER[action].get(state)


@pytest.mark.parametrize("state", BatchState)
def test_repeated_action_is_not_offered_but_harmless(state):
    for action in (BatchAction.PAUSE, BatchAction.CANCEL, BatchAction.COMPLETE, BatchAction.FAIL):
        if state.allows(action):
            after = state.after(action)
            assert (after.allows(action), after.after(action)) == (False, after)


def test_final_states():
    assert [state for state in BatchState if state.is_final] == [COMPLETED, CANCELLED]


def test_labels_differ_from_the_stored_values():
    assert {state.label: str(state) for state in (COMPLETED, FAILED)} == {"completed": "finished", "failed": "stopped"}


def test_item_is_claimed_before_it_is_part_of_a_vendor_batch():
    assert not ItemState.PENDING.may_become(ItemState.AT_VENDOR)
    assert ItemState.CLAIMED.may_become(ItemState.AT_VENDOR)


def test_first_answer_counts_also_after_a_failure_or_a_cancellation():
    assert [state for state in ItemState if not state.accepts_result] == [ItemState.DONE]


def test_every_item_state_is_either_unfinished_or_has_ended():
    ended = {ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED}
    assert {*UNFINISHED} | ended == {*ItemState}
    assert {*TO_SEND} == {*ItemState} - {*COUNTED}
    for state in UNFINISHED:
        assert all(state.may_become(after) for after in ended)


@pytest.mark.parametrize("state", (ItemState.CLAIMED, ItemState.AT_VENDOR, ItemState.FAILED))
def test_released_and_retried_items_are_pending(state):
    assert state.may_become(ItemState.PENDING)
