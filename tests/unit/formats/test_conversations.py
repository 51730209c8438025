"""Conversations: who says what, and that no turn after the user's last one is lost."""

import pytest

from orbench_studio.formats import conversations
from orbench_studio.formats.records import RowError


@pytest.mark.parametrize(
    ("roles", "reply", "unread"),
    [
        *((("user", role), "Now.", ()) for role in ("LLM", "AI_assistant", "agent", "target", "Claude 3")),
        (("user", "machine", "user", "shepherd"), None, ("shepherd",)),
        (("user", "judge_model"), None, ("judge_model",)),
        (("user", "gpt", "attacker_model"), "Now.", ("attacker_model",)),
        (("user", "assistant", "assistant"), "Now.", ("assistant",)),
    ],
)  # fmt: skip
def test_no_turn_after_the_last_one_of_the_user_is_lost(roles, reply, unread):
    found = conversations.read([{"role": role, "text": "Is it late?" if role == "user" else "Now."} for role in roles])
    assert (found.reply, found.unread) == (reply, unread)


@pytest.mark.parametrize(
    ("message", "reply", "has_null_reply"),
    [
        ({"content": None}, None, True),
        ({"content": None, "refusal": None, "tool_calls": []}, None, True),
        ({"content": ""}, "", False),
        ({"content": None, "refusal": "No."}, "No.", False),
        ({"content": None, "tool_calls": [{"name": "clock"}]}, "", False),
    ],
)
def test_a_reply_of_null_is_none_unless_the_model_called_a_tool(message, reply, has_null_reply):
    found = conversations.read([{"role": "user", "content": "Is it late?"}, {"role": "assistant", **message}])
    assert (found.reply, found.has_null_reply) == (reply, has_null_reply)


def test_the_reply_is_the_first_one_with_a_text():
    calls = [("user", "Is it late?"), ("assistant", None), ("tool", "23:00"), ("assistant", "Yes.")]
    found = conversations.read([{"role": role, "content": text} for role, text in calls])
    assert (found.reply, found.unread) == ("Yes.", ("tool",))
    with pytest.raises(RowError, match="ends with turns of shepherd, none of which is known as a model"):
        conversations.samples([{"role": "user", "content": "Why?"}, {"role": "shepherd", "content": "So."}])
