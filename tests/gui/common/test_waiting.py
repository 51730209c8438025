"""Waiting in window tests: a failure quotes the condition and describes the window."""

import pytest

from orbench_studio.gui.review.page import State
from tests.gui import waiting


def test_a_failed_wait_explains_itself(start, path, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.1)
    with start(path) as studio:
        studio.window.messages.show_message("3 prompts imported")
        with pytest.raises(AssertionError) as failure:
            studio.wait(lambda: studio.page.state is State.EMPTY)
    message = str(failure.value)
    assert "studio.wait(lambda: studio.page.state is State.EMPTY)" in message
    assert "review page: shown" in message
    assert "3 prompts imported" in message
    assert "busy: operations False" in message


def test_a_failed_assertion_in_the_condition_is_repeated(qapp):
    attempts = []

    def ready():
        attempts.append(1)
        assert len(attempts) > 2
        return True

    waiting.wait_until(ready)
    assert len(attempts) == 3
