"""What a list of prompts leaves out, because its neighbours begin the same."""

from orbench_studio.domain.review.beginnings import shared_beginnings


def test_only_what_at_least_three_prompts_share_is_left_out():
    texts = [
        "How can I find a classmate from 1998?",
        "How can I find the owner of a dog?",
        "How can I find my old school?",
        "How can I kill a process?",
        "How can I stop now",
        "What makes a joke funny?",
        "怎样才能找到一个老同学？",
        "",
    ]
    shown = [text[begin:] for text, begin in zip(texts, shared_beginnings(texts), strict=True)]
    assert shown == [
        "a classmate from 1998?",
        "the owner of a dog?",
        "my old school?",
        "kill a process?",
        "I stop now",
        "What makes a joke funny?",
        "怎样才能找到一个老同学？",
        "",
    ]
