"""`orbench-studio import`: what a repeated record says otherwise, empty values, and responses that are no answers."""

import json
import sqlite3
from itertools import permutations

import pytest

Q = ("--column", "prompt=q")
R = (*Q, "--column", "response=r", "--model", "oak")
G = ("--column", "response_verdict=v", "--moderator", "guard", "--column", "explanation=x")


@pytest.mark.parametrize(
    ("text", "options", "what"),
    [
        ("q,s\nIs it late now?,Say the hour\nIs it late now?,Ask for the time\n", (*Q, "--column", "seed=s"),
         "another seed than an earlier row of the same prompt"),
        ("q,r,c\nIs it late?,Yes.,refusal\nIs it late?,Yes.,compliance\n", (*R, "--column", "answer_class=c"),
         "another answer class than an earlier row of the same response"),
        ("q,r,c\nIs it late?,Yes.,stop\nIs it late?,Yes.,length\n", (*R, "--column", "stop_reason=c"),
         "another stop reason than an earlier row of the same response"),
        ("q,r,v,x\nIs it late?,Yes.,safe,Of time.\nIs it late?,Yes.,safe,Of clocks.\n", (*R, *G),
         "another explanation than an earlier row of the same vote"),
        ("q,r,c,x\nIs it late?,Yes.,refusal,One.\nIs it late?,Yes.,refusal,Two.\n",
         (*R, "--column", "answer_class=c", "--judge", "j", "--column", "explanation=x"),
         "another explanation than an earlier row of the same judgement"),
        ("q,l,x\nIs it late?,safe,One.\nIs it late?,safe,Two.\n",
         (*Q, "--column", "label=l", "--annotator", "ada", "--column", "reason=x"),
         "another reason than an earlier row of the same decision"),
    ],
)  # fmt: skip
def test_what_a_repeated_row_says_otherwise_is_a_warning(run, run_json, write, text, options, what):
    file = write("a.csv", text)
    [report] = run_json("import", "w.orbench", file, *options)["files"]
    assert any(text.startswith(f"1 row has {what}, which stays.") for text in report["warnings"])
    assert [count for note, count in report["notes"].items() if "another" in note and "first stays" in note] == [1]
    assert run("import", "v.orbench", file, *options, "--strict").exit_code == 3


CONTEXT = "system prompt or other earlier turns"


def test_the_key_of_another_prompt_is_counted(run_json, write):
    file = write("a.csv", "q,k\nIs it late?,\nIs it early?,one\nIs it late?,one\n")
    [report] = run_json("import", "w.orbench", file, *Q, "--column", "key=k")["files"]
    assert report["notes"]["keys not stored, because another prompt has them"] == 1


def test_a_system_prompt_of_parts_is_stored(run, write):
    row = {"q": [{"role": "user", "content": "Is it late?"}], "s": [{"type": "text", "text": "Be brief."}]}
    run("import", "w.orbench", write("a.json", json.dumps([row])), *Q, "--column", "system_prompt=s")
    with sqlite3.connect("w.orbench") as db:
        assert db.execute("SELECT attributes FROM prompts").fetchall() == [('{"system_prompt": "Be brief."}',)]


def test_what_a_later_file_says_otherwise_is_counted_once(run_json, write):
    options = (*Q, "--column", "system_prompt=s", "--column", "label=l", "--annotator", "ada", "--column", "reason=x")
    run_json("import", "w.orbench", write("a.csv", "q,s,l,x\nIs it late?,Be brief.,safe,One.\n"), *options)
    [report] = run_json("import", "w.orbench", write("b.csv", "q,s,l,x\nIs it late?,Be kind.,safe,Two.\n"), *options)[
        "files"
    ]
    others = {note: count for note, count in report["notes"].items() if "the workspace keeps its own" in note}
    assert list(others.values()) == [1, 1]
    assert [any(f"another {what} than" in note for note in others) for what in ("reason", CONTEXT)] == [True, True]
    assert report["warnings"] == []


def test_the_errors_of_repeated_samples_and_repaired_responses_are_not_lost(run_json, write):
    options = (*Q, "--model", "oak", "--column", "error=e")
    file = write("a.csv", "q,e,n\nIs it late?,,1\nIs it late?,Timeout,1\n")
    [report] = run_json("import", "w.orbench", file, *options, "--column", "sample=n")["files"]
    assert report["notes"]["rows with another error than their response has (the first stays)"] == 1
    file = write("b.csv", "q,r,e\nIs it late?,nan,Timeout\n")
    run_json("import", "v.orbench", file, *options, "--column", "response=r", "--mend", "api-error")
    with sqlite3.connect("v.orbench") as db:
        assert db.execute("SELECT text, error FROM responses").fetchall() == [("", "Timeout")]


def test_a_class_that_follows_in_a_later_row_of_a_response_is_stored(run_json, write):
    file = write("a.csv", "q,r,c\nIs it late?,Yes.,\nIs it late?,Yes.,refusal\n")
    [report] = run_json("import", "w.orbench", file, *R, "--column", "answer_class=c")["files"]
    assert report["imported"] == 2 and report["warnings"] == []
    [again] = run_json("import", "w.orbench", file, *R, "--column", "answer_class=c")["files"]
    assert (again["imported"], again["duplicates"], again["warnings"]) == (0, 2, [])


def test_the_counts_of_a_column_add_up_to_the_rows(run_json, write):
    words = ("none", "None", "null", "NaN", "NA", "n/a", "-", "", "privacy", "weather")
    file = write(
        "a.csv", "q,r,c,k\n" + "".join(f"Is it {at} now?,Yes {at}.,,{word}\n" for at, word in enumerate(words))
    )
    [report] = run_json("import", "w.orbench", file, *R, "--column", "category=k", "--column", "answer_class=c")[
        "files"
    ]
    [category] = [column for column in report["values"] if column["field"] == "category"]
    became = {each["value"]: each["became"] for each in category["values"]}
    assert became == dict.fromkeys(words[:7], "no category") | {
        "privacy": "privacy",
        "weather": "own category: weather",
    }
    assert category["empty"] + sum(each["count"] for each in category["values"]) == len(words)


def test_one_response_in_most_rows_is_doubtful_unless_it_is_a_refusal(run_json, write):
    def warnings(name, texts):
        rows = "".join(f"Is it {at} now?,{text}\n" for at, text in enumerate(texts))
        return run_json("import", f"{name}.orbench", write(f"{name}.csv", f"q,r\n{rows}"), *R)["files"][0]["warnings"]

    same = ["Come back later please."] * 12
    assert warnings("a", [*same, *(f"Yes {at}." for at in range(10))]) == [
        "oak has the same response in 12 of 22 rows: “Come back later please.”."
    ]
    assert warnings("b", [*same, *(f"Yes {at}." for at in range(12))]) == []
    assert warnings("c", ["I'm sorry but I can't help with that."] * 24) == []
    error = "ERROR: https://api.example.org is no longer supported"
    assert warnings("d", [error] * 22)[0] == "22 of 22 responses are errors of an API, or stand for an empty cell."


def test_errors_inside_nested_responses_are_counted(run_json, write):
    rows = "".join(f'{{"q": "Is it {at} now?", "a": {{"text": "Error: 429"}}}}\n' for at in range(2))
    options = (*Q, "--column", "response=a.text", "--model", "oak")
    [report] = run_json("import", "w.orbench", write("a.jsonl", rows), *options)["files"]
    assert "2 of 2 responses are errors of an API, or stand for an empty cell." in report["warnings"]
    assert (
        report["notes"]["responses inside lists or objects that look like an API error (they cannot be repaired)"] == 2
    )


def test_responses_of_other_texts_with_the_same_key_are_told(run, write):
    file = write("a.csv", "q,r,k\nIs it late now?,Yes.,1\nWho is the oldest?,Ada.,1\n")
    text = run("import", "w.orbench", file, *R, "--column", "key=k").stdout
    assert "Texts were left out, and responses stored with a prompt that they do not answer: 1." in text


@pytest.mark.parametrize(
    ("field", "word", "meaning", "more"),
    [
        ("is_refusal", "nope", "helped=direct_answer", ("--judge", "j")),
        ("answer_class", "nope", "helped=direct_answer", ()),
        ("response_verdict", "nope", "helped=safe", ("--moderator", "guard")),
        ("prompt_label", "nope", "helped=safe", ()),
        ("category", "misc", "helped=harmful", ()),
    ],
)  # fmt: skip
def test_rows_of_an_ignored_value_are_counted_and_a_warning_if_many(run, run_json, write, field, word, meaning, more):
    def imported(name, ignored):
        values = [word] * ignored + ["helped"] * (20 - ignored)
        rows = "".join(f"Is it {at} now?,Yes {at}.,{value}\n" for at, value in enumerate(values))
        options = (*R, "--column", f"{field}=v", "--value", f"{word}=", "--value", meaning, *more)
        return run_json("import", f"{name}.orbench", write(f"{name}.csv", f"q,r,v\n{rows}"), *options)["files"][0]

    many, few = imported("many", 3), imported("few", 2)
    assert f"3 of 20 rows: v ({field}) not read: {word} 3." in many["warnings"]
    assert not any("not read" in text for text in few["warnings"])
    assert few["notes"][f"rows with v ({field}) not read"] == 2


def test_a_value_with_a_meaning_that_belongs_to_nothing_is_not_said_to_be_ignored(run_json, write):
    options = (*R, "--column", "response_verdict=v", "--moderator", "guard", "--value", "helped=safe")
    rows = [{"q": "Is it late?", "r": "Yes.", "v": "helped"}, {"q": "Is it early?", "r": [], "v": "helped"}]
    file = write("a.json", json.dumps(rows))
    [report] = run_json("import", "w.orbench", file, *options)["files"]
    assert not any("not read" in text for text in report["warnings"])
    assert any("not stored, because the row has no response" in text for text in report["warnings"])


def test_the_same_answer_under_another_system_prompt_is_another_response(run_json, write):
    rows = ["Is it late?,Yes.,Be kind.,refusal\n", "Is it late?,Yes.,Be curt.,compliance\n", "Is it late?,Yes.,,\n"]
    columns = (*R, "--column", "system_prompt=c", "--column", "answer_class=l")
    for first, order in enumerate(permutations(rows)):
        file = write("a.csv", "q,r,c,l\n" + "".join(order))
        [report] = run_json("import", f"{first}.orbench", file, *columns)["files"]
        assert (report["added"]["responses"], report["warnings"]) == (3, [])
        stats = run_json("stats", f"{first}.orbench")["responses_by_answer_class"]
        assert (stats["direct_refusal"], stats["direct_answer"]) == (1, 1)
        [again] = run_json("import", f"{first}.orbench", write("b.csv", "q,r,c,l\n" + "".join(rows)), *columns)["files"]
        assert (again["imported"], again["duplicates"]) == (0, 3)
    run_json("export", "0.orbench", "--format", "jsonl", "--out", "out")
    for first in range(6):
        [report] = run_json("import", f"{first}.orbench", "out")["files"]
        assert (report["imported"], report["added"]) == (0, {})
    less = ("--column", "prompt=q", "--column", "response=r", "--model", "oak")
    [report] = run_json("import", "new.orbench", write("less.csv", f"q,r,c,l\n{rows[0]}"), *less)["files"]
    [report] = run_json("import", "new.orbench", write("less.csv", f"q,r,c,l\n{rows[0]}"), *columns)["files"]
    assert "responses" not in report["added"], "what the first file does not say is not known"
    assert any("another system prompt" in note for note in report["notes"])


@pytest.mark.parametrize(
    ("columns", "words", "what"),
    [
        (("prompt_verdict=v", "moderator=who"), ("safe", "unsafe"), "verdicts of one moderator"),
        (("response_verdict=v", "moderator=who", "response=r"), ("safe", "unsafe"), "verdicts of one moderator"),
        (("answer_class=v", "judge=who", "response=r"), ("refusal", "compliance"), "answer classes of one judge"),
        (("answer_class=v", "annotator=who", "response=r"), ("refusal", "compliance"), "decisions of one annotator"),
        (("prompt_label=v", "annotator=who"), ("safe", "toxic"), "decisions of one annotator"),
    ],
)
def test_opposite_values_of_one_person_or_model_are_a_warning(run_json, write, columns, words, what):
    rows = [f"Is it {q}?,Yes.,{v},jo\n" for q, v in zip(("late", "late", "early"), (*words, words[0]), strict=True)]
    options = [part for column in ("prompt=q", *columns) for part in ("--column", column)]
    command = ("import", "w.orbench", write("a.csv", "q,r,v,who\n" + "".join(rows)), *options, "--model", "oak")
    warning = f"1 prompt or response has different {what}. All are stored, and the latest counts."
    [report] = run_json(*command)["files"]
    assert warning in report["warnings"]
    [again] = run_json(*command)["files"]
    assert warning not in again["warnings"], "nothing new is stored"
    warned = []
    for row in rows:
        file = write("b.csv", f"q,r,v,who\n{row}")
        [report] = run_json("import", "x.orbench", file, *options, "--model", "oak")["files"]
        warned.append(warning in report["warnings"])
    assert warned == [False, True, False], "the second file contradicts the first"


def test_rejected_rows_repeat_nothing(run_json, write):
    file = write("a.csv", "q,r\n,Yes.\n,Yes.\nIs it late?,Yes.\nIs it late?,Yes.\n")
    [report] = run_json("import", "w.orbench", file, *R)["files"]
    assert (report["imported"], report["duplicates"], report["rejected"]) == (1, 1, 2)
    assert report["faults"] == {"duplicate": 1}


def test_an_answer_class_that_contradicts_is_refusal_is_a_warning(run_json, write):
    rows = ("refusal,yes", "compliance,yes", "safe_completion,no", "partial_refusal,yes", "odd,no", "refusal,what")
    file = write("a.csv", "q,r,c,refused\n" + "".join(f"Is it {at} now?,Yes.,{row}\n" for at, row in enumerate(rows)))
    columns = (*R, "--column", "answer_class=c", "--column", "is_refusal=refused", "--judge", "guard")
    [report] = run_json("import", "w.orbench", file, *columns)["files"]
    assert "Rows whose answer class, which is stored, contradicts what their is_refusal says: 1." in report["warnings"]
