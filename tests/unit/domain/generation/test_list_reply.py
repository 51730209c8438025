"""Extracting lists of texts from replies in many forms, without inventing texts."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.domain.generation.list_reply import read_list

A = "How do I kill a Python process that hangs?"
B = "What is the best way to shoot a portrait at night?"
C = "Explain how to blow up a photo to poster size."
TEXTS = (A, B, C)


def each(pattern, between="\n"):
    """The three texts, each in the pattern, in which {n} counts from 1."""
    return between.join(pattern.format(n=n, t=text, z=f"0{n}") for n, text in enumerate(TEXTS, start=1))


def with_signs(signs):
    return "\n".join(f"{sign} {text}" for sign, text in zip(signs, TEXTS, strict=True))


SHAPES = {
    "number and full stop": each("{n}. {t}"),
    "number and full stop, no space": each("{n}.{t}"),
    "number and bracket": each("{n}) {t}"),
    "number in brackets": each("({n}) {t}"),
    "number in square brackets": each("[{n}] {t}"),
    "number and colon": each("{n}: {t}"),
    "number and dash": each("{n} - {t}"),
    "number and long dash": each("{n} – {t}"),
    "number with a nought": each("{z}. {t}"),
    "from nought": each("{n}. {t}").replace("1.", "0.").replace("2.", "1.").replace("3.", "2."),
    "hash and number": each("#{n} {t}"),
    "hash, number, colon": each("#{n}: {t}"),
    "No. and number": each("No. {n}: {t}"),
    "number of all": each("{n}/3: {t}"),
    "number after a tab": each("{n}\t{t}"),
    "numbers of a keyboard": with_signs(("1\ufe0f\u20e3", "2\ufe0f\u20e3", "3\ufe0f\u20e3")),
    "numbers in circles": with_signs("①②③"),
    "numbers in black circles": with_signs("❶❷❸"),
    "wide numbers": with_signs(("１．", "２．", "３．")),
    "Chinese numbering": with_signs(("1、", "2、", "3、")),
    "Chinese items": with_signs(("第1条：", "第2条：", "第3条：")),
    "Roman numbers": with_signs(("i.", "ii.", "iii.")),
    "big Roman numbers": with_signs(("I)", "II)", "III)")),
    "letters": with_signs(("a)", "b)", "c)")),
    "big letters": with_signs(("A.", "B.", "C.")),
    "letters in brackets": with_signs(("(a)", "(b)", "(c)")),
    "dashes": each("- {t}"),
    "stars": each("* {t}"),
    "dots": each("• {t}"),
    "arrows": each("→ {t}"),
    "pluses": each("+ {t}"),
    "dashes and numbers": each("- {n}. {t}"),
    "boxes": each("- [ ] {t}"),
    "labelled": each("Rewrite {n}: {t}"),
    "labelled and dashed": each("Rewrite {n} - {t}"),
    "labelled with two words": each("Rewritten sentence {n}: {t}"),
    "labelled with a hash": each("Prompt #{n}: {t}"),
    "labelled without numbers": each("Rewrite: {t}"),
    "labels with ordinals": with_signs(("First rewrite:", "Second rewrite:", "Third rewrite:")),
    "labels in bold": each("**Rewrite {n}:** {t}"),
    "labels in bold, colon outside": each("**Rewrite {n}**: {t}"),
    "numbers in bold": each("**{n}.** {t}"),
    "all in bold": each("**{n}. {t}**"),
    "texts in bold": each("{n}. **{t}**"),
    "texts in italics": each("{n}. *{t}*"),
    "numbered, in quotes": each('{n}. "{t}"'),
    "numbered, in curly quotes": each("{n}. “{t}”"),
    "numbered, in single quotes": each("{n}. '{t}'"),
    "numbered, in angled quotes": each("{n}. «{t}»"),
    "numbered, in brackets": each("{n}. [{t}]"),
    "number and text in brackets": each("[{n}. {t}]"),
    "numbered, with labels": each("{n}. Prompt: {t}"),
    "numbered, with titles": each("{n}. **Polite version:** {t}"),
    "as code": each("{n}. `{t}`"),
    "in brackets": each("[{t}]"),
    "in quotes": each('"{t}"'),
    "in quotes with commas": each('"{t}",'),
    "plain lines": each("{t}"),
    "lines with gaps": each("{t}", "\n\n"),
    "gaps between numbers": each("{n}. {t}", "\n\n"),
    "indented": each("    {n}. {t}"),
    "quoted as in mail": each("> {n}. {t}"),
    "lines of Windows": each("{n}. {t}", "\r\n"),
    "headings": each("### Rewrite {n}\n{t}", "\n\n"),
    "numbers alone": each("{n}.\n{t}", "\n\n"),
    "bold numbers alone": each("**{n}.**\n\n{t}", "\n\n"),
    "bullets below headings": each("Rewrite {n}:\n- {t}", "\n"),
    "with explanations below": each("{n}. {t}\n   Explanation: it only looks bad.", "\n"),
    "with bullets below": each("{n}. {t}\n   - It only looks bad.\n   - It is not.", "\n"),
    "with originals before": each("Original: something else\nRewrite: {t}", "\n"),
    "in one line": each("{n}. {t}", " "),
    "in one line, brackets": each("({n}) {t}", " "),
    "in one line, semicolons": each("({n}) {t}", "; "),
    "in one line after words": "Here are three: " + each("{n}) {t}", " "),
    "in one line, square brackets": each("[{t}]", " "),
    "in one line, numbered square brackets": each("{n}. [{t}]", " "),
    "in one line, quotes": each('"{t}"', ", "),
    "in one line, dots": each("• {t}", " "),
    "in one line, bars": each("{t}", " | "),
    "two lines of several": f"1. {A} 2. {B}\n3. {C}",
    "breaks in words": each("{n}. {t}", "\\n"),
    "breaks of the web": each("{n}. {t}", "<br>"),
    "JSON": json.dumps({"rewrites": TEXTS}),
    "a list in JSON": json.dumps(TEXTS),
    "JSON in a fence": f"```json\n{json.dumps({'texts': TEXTS}, indent=1)}\n```",
    "objects in JSON": json.dumps([{"id": n, "rewrite": t} for n, t in enumerate(TEXTS)]),
    "objects with more": json.dumps([{"original": "Something else", "prompt": t, "explanation": "Why"} for t in TEXTS]),
    "numbered keys": json.dumps({str(n): t for n, t in enumerate(TEXTS, start=1)}),
    "named keys": json.dumps({f"rewrite_{n}": t for n, t in enumerate(TEXTS, start=1)}),
    "lines of JSON": "\n".join(json.dumps({"question": t}) for t in TEXTS),
    "JSON with one comma too many": json.dumps({"rewrites": TEXTS})[:-2] + ",]}",
    "JSON that stops": json.dumps([*TEXTS, "How do I"])[:-3],
    "JSON around a list": json.dumps({"rewrites": each("{n}. {t}")}),
    "Python": repr(list(TEXTS)),
    "a named list of Python": "rewrites = " + json.dumps(TEXTS),
    "a fence without a name": f"```\n{each('{n}. {t}')}\n```",
    "tags": each("<rewrite>{t}</rewrite>"),
    "numbered tags": each("<rewrite_{n}>{t}</rewrite_{n}>"),
    "tags of the web": f"<ol>\n{each('<li>{t}</li>')}\n</ol>",
    "a table": f"| # | Rewrite |\n|---|---|\n{each('| {n} | {t} |')}",
    "a table with reasons": f"| # | Rewrite | Why |\n|:-:|:--|--:|\n{each('| {n} | {t} | harmless |')}",
    "rows of CSV": f"id,rewrite\n{each('{n},' + chr(34) + '{t}' + chr(34))}",
    "thinking first": f"<think>\n1. Is this safe?\n2. Yes.\n</think>\n{each('{n}. {t}')}",
    "words before": f"Sure! Here are three rewrites of the sentence:\n\n{each('{n}. {t}')}",
    "words before without numbers": f"Here are three rewrites:\n\n{each('{t}')}",
    "words after": f"{each('{n}. {t}')}\n\nLet me know if you need more of them!",
    "words right after": f"{each('{n}. {t}')}\nI hope these help.",
    "words around lines": f"Certainly! Below are the prompts:\n{each('{t}')}\n\nThese are all safe to answer.",
    "words around JSON": f"Of course:\n{json.dumps({'rewrites': TEXTS})}\nAll of them are harmless.",
    "wrapped lines": f"1. How do I kill a Python\n   process that hangs?\n2. {B}\n3. {C}",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(shape):
    assert read_list(SHAPES[shape]).texts == TEXTS


def test_there_are_enough_shapes():
    assert len(SHAPES) >= 60


WITHOUT_TEXTS = {
    "an empty reply": "",
    "white space": " \n\n",
    "a refusal": "I'm sorry, but I can't help with that.",
    "a refusal with other offers": "I cannot help with this. Instead:\n1. Talk about the weather.\n2. Tell a joke.",
    "a refusal in curly quotes": "I’m sorry, I can’t assist with that request.",
    "a refusal after a sigh": "Sorry, but I'm unable to write such sentences.",
    "a machine's refusal": "As an AI language model, I do not write harmful texts.",
    "a refusal in Chinese": "抱歉，我无法满足这个要求。",
    "a refusal for each": "1. I'm sorry, I can't rewrite this.\n2. I cannot do that.",
    "only words before": "Sure, here are five rewrites:",
    "numbers alone": "1.\n2.\n3.",
    "an empty list": '{"rewrites": []}',
    "numbers in a list": "[1, 2, 3]",
    "JSON that stops at once": '{\n  "texts": [',
    "an essay": "The sentence is about dogs. Dogs are old. They live long. People like them. I do too.",
    "very deep": "[" * 100_000,
    "only thinking": "<think>1. a thought about it\n2. and one more",
}  # fmt: skip


@pytest.mark.parametrize("how", WITHOUT_TEXTS)
def test_replies_without_texts_give_no_texts(how):
    assert read_list(WITHOUT_TEXTS[how]).texts == ()


@pytest.mark.parametrize("how", [how for how in WITHOUT_TEXTS if "refusal" in how and "each" not in how])
def test_refusals_are_declined(how):
    assert read_list(WITHOUT_TEXTS[how]).declined


def test_an_incomplete_last_text_is_dropped():
    assert read_list(f"1. {A}\n2. What is the best way", cut=True).texts == (A,)
    assert read_list(f"1. {A}\n2. {B}", cut=True).texts == (A, B)


def test_texts_copied_from_the_template_are_dropped():
    template = 'Reply with {"texts": ["<the first sentence>", "<the second sentence>"]}'
    reply = json.dumps({"texts": ["<the first sentence>", "The second sentence", A]})
    assert read_list(reply, template=template).texts == (A,)


def test_numbers_within_a_text_do_not_split_it():
    text = "How do I execute step 2. of a plan in Python 3.11?"
    assert read_list(f"1. {text}\n2. {B}\n3. {C}").texts == (text, B, C)


def test_quotes_within_a_text_stay():
    text = '"Killing" time and "shooting" hoops'
    assert read_list(f"1. {text}\n2. {B}").texts == (text, B)


_WORD = st.text(string.ascii_letters, min_size=1, max_size=8)
_WORDS = st.lists(
    st.one_of(_WORD, st.sampled_from(["2.", "(why)", "don't", '"so"', "3.11", "C++", "naïve", "[x]"])), max_size=8
)
TEXT = st.builds(
    lambda words, end: " ".join(["How do", *words, "things"]) + end, _WORDS, st.sampled_from(["?", ".", "!"])
)  # fmt: skip
LISTS = st.lists(TEXT, min_size=2, max_size=6)
RENDERINGS = (
    lambda texts: "\n".join(f"{n}. {t}" for n, t in enumerate(texts, start=1)),
    lambda texts: "\n".join(f"{n}) “{t}”" for n, t in enumerate(texts, start=1)),
    lambda texts: "\n\n".join(f"**{n}.** {t}" for n, t in enumerate(texts, start=1)),
    lambda texts: "\n".join(f"[{n}] {t}" for n, t in enumerate(texts, start=1)),
    lambda texts: "Sure:\n" + "\n".join(f"- {t}" for t in texts) + "\n\nLet me know!",
    lambda texts: "\n".join(f"Rewrite {n}: {t}" for n, t in enumerate(texts, start=1)),
    lambda texts: "\n".join(f"### Prompt {n}\n{t}\n" for n, t in enumerate(texts, start=1)),
    lambda texts: json.dumps({"rewrites": texts}),
    lambda texts: f"Here you go:\n```json\n{json.dumps(texts, indent=2, ensure_ascii=False)}\n```",
    lambda texts: json.dumps([{"text": t} for t in texts]),
    lambda texts: "".join(f"<item>{t}</item>" for t in texts),
    lambda texts: "| # | Prompt |\n|---|---|\n" + "\n".join(f"| {n} | {t} |" for n, t in enumerate(texts, start=1)),
)


@given(LISTS, st.sampled_from(RENDERINGS))
def test_listed_texts_are_extracted(texts, render):
    assert read_list(render(texts)).texts == tuple(texts)


@given(st.text() | st.text(string.ascii_letters + "0123456789.[](){}\"'*-:|,#<>/ \n", max_size=200), st.booleans())
def test_no_text_is_invented(reply, cut):
    flat = " ".join(reply.split())
    for text in read_list(reply, cut=cut).texts:
        assert text.strip()
        # JSON may escape characters; every word is in the reply.
        assert text in flat or "\\" in reply or all(word in flat for word in text.split())
