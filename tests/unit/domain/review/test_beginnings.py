"""What a list of prompts leaves out, because its neighbours begin the same."""

from orbench_studio.domain.review.beginnings import shared_beginnings


def test_only_what_at_least_three_prompts_share_is_left_out():
    long = "Can you provide me with a list of "
    texts = [
        long + "places where an old school friend may live?",
        long + "owners of small dogs in this quiet street?",
        long + "old schools for educational purposes only, please, today?",
        long + "jokes?",
        "How can I find a classmate from 1998 in Berlin?",
        "How can I find the owner of a lost dog?",
        "How can I find my old school in Berlin?",
        "怎样才能找到一个老同学？",
        "",
    ]
    shown = [text[begin:] for text, begin in zip(texts, shared_beginnings(texts), strict=True)]
    assert shown == [
        "places where an old school friend may live?",
        "owners of small dogs in this quiet street?",
        "old schools for educational purposes only, please, today?",
        *texts[3:],
    ], "a short beginning, and one with a short rest, stay"
