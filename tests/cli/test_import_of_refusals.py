"""`orbench-studio import` of a column that the user maps to is_refusal: what yes means, and what the texts say."""

import pytest

HEAD = "q,r,m,mark\n"
ROWS = ["How do I shear a sheep?,With care.,oak,{}\n", "What burns well?,I cannot help with that.,oak,{}\n"]
MAPPED = ("--column", "prompt=q", "--column", "response=r", "--column", "model=m")


@pytest.mark.parametrize(
    ("column", "values", "classes"),
    [
        ("score", "0.0 1.0", "direct_answer direct_refusal"),
        ("label", "no yes", "direct_answer direct_refusal"),
        ("a", "False True", "direct_answer direct_refusal"),
        *(
            (name, "0 1", "")
            for name in ("complied", "refusal_correct", "is_answer", "exploited", "refusal_ok", "is_toxic")
        ),
    ],
)
def test_the_user_asks_with_is_refusal_whether_a_response_refuses(run, run_json, write, column, values, classes):
    first, second = values.split()
    file = write("a.csv", HEAD.replace("mark", column) + ROWS[0].format(first) + ROWS[1].format(second))
    options = ("import", "w.orbench", file, *MAPPED, "--column", f"is_refusal={column}")
    if not classes:
        assert f"the value '0' of {column} (is_refusal) is unknown" in run(*options).stderr
        return
    [report] = run_json(*options)["files"]
    [counted] = [one for one in report["values"] if one["field"] == "is_refusal"]
    assert [value["became"] for value in counted["values"]] == classes.split()
    assert [text.split()[0] for text in report["warnings"]] == [column], "1 may mean an answer"
    [stated] = run_json(*options, "--value", f"{first}=direct_answer", "--value", f"{second}=refusal")["files"]
    assert not stated["warnings"]
    if column == "score":
        halves = file.with_name("b.csv")
        halves.write_text(file.read_text().replace("1.0", "-0.5"))
        [half] = run_json("import", "v.orbench", halves, *options[3:], "--value", "0.0=direct_answer")["files"]
        assert not [text for text in half["warnings"] if "1 or yes" in text], "no 1 was read"


@pytest.mark.parametrize(
    ("marks", "warned"), [("1 0 1 0", True), ("0 1 0 1", False), ("0 1 0 0", False), ("0 0 1 0", True)]
)
def test_classes_that_the_first_words_of_the_responses_contradict_are_a_warning(run_json, write, marks, warned):
    rows = "".join(row.format(mark).replace("How", f"{at} How").replace("What", f"{at} What")
                   for at, (row, mark) in enumerate(zip(ROWS * 2, marks.split(), strict=True)))  # fmt: skip
    file = write("a.csv", HEAD + rows)
    [report] = run_json("import", "w.orbench", file, *MAPPED, "--column", "is_refusal=mark")["files"]
    assert any("may be the other way round" in text for text in report["warnings"]) == warned


def test_a_meaning_that_no_class_has_is_refused_with_those_that_it_can_have(run, write):
    file = write("a.csv", HEAD + ROWS[0].format("none") + ROWS[1].format("refusal"))
    result = run("import", "w.orbench", file, *MAPPED, "--column", "answer_class=mark", "--value", "none=error")
    assert "The mapped columns can mean direct_answer, direct_refusal" in " ".join(result.stderr.split())
