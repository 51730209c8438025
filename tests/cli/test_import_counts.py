"""`orbench-studio import`: the counts of a report add up to what was stored, however the rows are written."""

import json

import pytest

ROWS = "q,r,m,v,x,who\nIs it {0}?,Yes.,oak,good,One.,jo\nIs it {1}?,No.,oak,review,Two.,jo\nIs it {2}?,No.,oak,,,jo\n"
OTHERS = ("--column", "explanation=x", "--value", "good={0}", "--value", "review=")
NO_VERDICT = "the row has no verdict, and no answer class of a judge, that is stored"
NOT_MAPPED = "no column is mapped to response"


def lines(rows):
    return "\n".join(map(json.dumps, rows))


def test_a_file_of_requests_takes_part_in_every_check(run_json, write):
    """Rows in two files that are joined give the report of the same rows in one file."""
    asked = [("a", "Write a reply", "One.", "Be kind."), ("b", "Write a reply", "Two.", "Be kind."),
             ("c", "Draw a barn", "", "Be curt."), ("d", "Draw a sheep", "-", "")]  # fmt: skip
    said = ("Dear Sir", "Dear Sir", "Like so.", "Ã\u2013h so.")
    names = ("id", "text", "context", "system")
    whole = [dict(zip(names, row, strict=True), answer=r, m="oak") for row, r in zip(asked, said, strict=True)]
    apart = [{"id": row["id"], "answer": row["answer"], "m": "oak"} for row in whole]
    requests = [{name: row[name] for name in names} for row in whole]
    mapped = ("--column", "response=answer", "--column", "model=m")
    [one] = run_json("import", "a.orbench", write("r.jsonl", lines(whole)), *mapped, "--column", "prompt=text")["files"]
    asked_file = write("q.jsonl", lines([*requests, {"id": "e", "text": "Is it late?"}]))
    files = ("import", "b.orbench", write("r.jsonl", lines(apart)), "--requests", asked_file)
    [two] = run_json(*files, *mapped, "--column", "prompt=request.text")["files"]
    assert two["notes"].pop("requests in q.jsonl that no row answers (they are not imported)") == 1
    assert two["notes"].pop("rows joined to q.jsonl by id") == 4
    joined = json.dumps(two).replace("request.", "").replace("answer, context", "context")
    assert json.loads(joined) == one
    assert "2 rows have a value in context, which may be part of what was sent. It was not read." in one["warnings"]
    assert one["notes"]["columns that are not imported (id, context, system)"] == 3
    assert (one["imported"], one["duplicates"], one["faults"]) == (3, 1, {"duplicate": 1, "mojibake": 1})


def test_a_response_may_be_in_the_requests_and_unused_requests_are_a_warning(run_json, write):
    file = write("r.jsonl", lines([{"id": 1, "q": "Is it late now?", "m": "oak"}]))
    runs = [{"question": "Is it early now?", "out": "Yes."}, {"question": "Is it noon now?", "out": "No."}]
    asked = ("--requests", write("q.jsonl", lines([{"id": 1, "runs": runs}])), "--column", "prompt=q")
    response = ("--column", "response=request.runs.out", "--column", "model=m")
    [report] = run_json("import", "w.orbench", file, *asked, *response)["files"]
    assert report["added"] == {"prompts": 1, "responses": 2}
    assert "have prompts of their own beside them (request.runs.question)" in report["warnings"][0]
    [report] = run_json("import", "w.orbench", file, *asked)["files"]
    assert report["warnings"] == ["Option without effect, as no column of the requests is mapped: requests."]


@pytest.mark.parametrize(
    ("field", "owner", "meaning", "response", "stored", "what"),
    [
        ("answer_class", "judge", "refusal", ("response=r", "model=m"), 1, "answer class"),
        ("prompt_verdict", "moderator", "safe", (), 1, "verdict"),
        ("response_verdict", "moderator", "safe", ("response=r", "model=m"), 1, "verdict"),
        ("response_verdict", "moderator", "safe", ("model=m",), 0, "verdict"),
    ],
)  # fmt: skip
def test_the_report_says_which_values_depend_on_one_that_is_not_stored(
    run, run_json, write, field, owner, meaning, response, stored, what
):
    file, why = write("a.csv", ROWS.format("late", "early", "noon")), f"the row has no {what} that is stored"
    columns = ("prompt=q", f"{field}=v", f"{owner}=who", *response)
    options = (*(part for column in columns for part in ("--column", column)),
               *(option.format(meaning) for option in OTHERS))  # fmt: skip
    [report] = run_json("import", "w.orbench", file, *options)["files"]
    column = {each["field"]: each for each in report["values"]}
    assert (column["explanation"]["texts"], column["explanation"]["empty"]) == (3, 1)
    assert column["explanation"]["not_stored"] == {NO_VERDICT: 2 - stored}
    assert f"{2 - stored} of 2 values of x (explanation) are not stored, because {NO_VERDICT}." in report["warnings"]
    outcomes = {(each["value"], each["became"]): each["count"] for each in column[owner]["values"]}
    assert outcomes == {("jo", "jo"): stored, ("jo", "not read"): 3 - stored} if stored else {("jo", "not read"): 3}
    assert column[owner]["not_stored"] == {why: 3 - stored}
    noted = f"values of who ({owner}) not stored, because {why}" in report["notes"]
    assert noted == bool(stored), "a note, unless it is all names"
    assert (
        f"explanation from x: 2 texts, 1 empty, {2 - stored} not stored"
        in run("import", "v.orbench", file, *options).stdout
    )
    if not stored:
        assert column["model"]["not_stored"] == {NOT_MAPPED: 3}
        assert column["response_verdict"]["not_stored"] == {NOT_MAPPED: 2}


def test_rejected_rows_are_in_the_counts_of_values_but_not_of_texts(run_json, write):
    file = write("a.csv", "q,l,c\nIs it late?,safe,refusal\nIs it early?,safe,what\nIs it noon?,toxic,refusal\n")
    options = ("--column", "response=c", "--model", "oak", "--column", "answer_class=c", "--column", "prompt_label=l")
    [report] = run_json("import", "w.orbench", file, "--column", "prompt=q", *options)["files"]
    column = {each["field"]: each for each in report["values"]}
    assert (report["rejected"], column["prompt"]["texts"], column["response"]["texts"]) == (1, 2, 2)
    assert {(e["value"], e["became"], e["count"]) for e in column["prompt_label"]["values"]} == {
        ("safe", "safe", 1), ("safe", "in a rejected row", 1), ("toxic", "toxic", 1)}  # fmt: skip


def test_the_reason_of_a_test_beside_a_response_is_a_note(run_json, write):
    row = {"prompt": {"raw": "Is it late?"}, "response": {"output": "Yes."}, "vars": {}, "success": False,
           "provider": "oak", "error": "Expected a no", "failureReason": 1}  # fmt: skip
    [report] = run_json("import", "w.orbench", write("a.jsonl", lines([row])), "--strict")["files"]
    assert report["notes"]["values of response.error (error) not stored, because the request did not fail"] == 1


def test_a_system_prompt_beside_a_conversation_is_stored_or_counted(run_json, write):
    talks = ([{"role": "user", "content": "Is it late?"}],
             [{"role": "system", "content": "Be curt."}, {"role": "user", "content": "Is it early?"}])  # fmt: skip
    file = write("a.jsonl", lines({"q": talk, "s": "Be kind."} for talk in talks))
    [report] = run_json("import", "w.orbench", file, "--column", "prompt=q", "--column", "system_prompt=s")["files"]
    [column] = [each for each in report["values"] if each["field"] == "system_prompt"]
    assert (column["texts"], column["not_stored"]) == (2, {"the conversation has a system prompt of its own": 1})


def test_texts_are_stored_with_their_white_space(run, run_json, write):
    row = {"q": " Is it late? ", "s": "Say the hour. ", "e": "Not now \n", "x": " A note.\n", "m": "oak", "a": "jo"}
    columns = ("prompt=q", "seed=s", "error=e", "reason=x", "model=m", "annotator=a")
    options = [part for column in columns for part in ("--column", column)]
    run_json("import", "w.orbench", write("a.jsonl", json.dumps(row)), *options)
    run("export", "w.orbench", "--format", "jsonl", "--seeds", "--yes", "--out", "out")
    [file] = (write("out/x", "").parent).glob("prompts.jsonl")
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert (stored["prompt"], stored["seed"]) == (row["q"], row["s"])
    assert row["e"] in json.dumps(stored).encode().decode("unicode_escape")
    assert row["x"] in json.dumps(stored).encode().decode("unicode_escape")


def test_the_same_rows_give_the_same_counts_however_they_are_on_lines(run_json, write):
    rows = [{"q": q, "r": r, "m": "oak"} for q in ("Is it late?", "Is it early?") for r in ("Yes.", "Yes.", "No.")]
    inner = [{"q": q, "m": "oak", "runs": [{"r": r} for r in ("Yes.", "Yes.", "No.")]}
             for q in ("Is it late?", "Is it early?")]  # fmt: skip
    columns = ("--column", "prompt=q", "--column", "response=r", "--column", "model=m")
    files = {
        "a.jsonl": lines(rows),
        "one.json": json.dumps(rows),
        "more.json": json.dumps(rows, indent=1),
        "ids.json": json.dumps(dict(enumerate(rows))),
        "in.jsonl": lines(inner),
        "in.json": json.dumps(inner),
    }
    for name, text in files.items():
        where = ("--rows", "runs") if name.startswith("in.") else ()
        for mend in ((), ("--mend", "duplicate")):
            workspace = f"{name}{len(mend)}.orbench"
            [report] = run_json("import", workspace, write(name, text), *columns, *where, *mend)["files"]
            assert (report["imported"], report["duplicates"]) == (4, 2), name
            assert report["faults"] == {"duplicate": 2}, name
            assert report["added"] == {"prompts": 2, "responses": 4}, name


def test_without_a_mapping_the_columns_of_the_requests_are_proposed(run, write):
    asked = write("q.jsonl", lines({"id": at, "prompt": q} for at, q in enumerate(("Is it late?", "Is it early?"))))
    file = write("a.csv", "prompt_id,answered\n1,Yes.\n0,No.\n")
    error = run("import", "w.orbench", file, "--requests", asked).stderr
    assert "Those of its requests are request.id, request.prompt." in error
    assert error.endswith("--column prompt=request.prompt\n")
    twice = write("b.csv", "prompt_id,id,answer\n1,0,Yes.\n0,1,No.\n")
    error = run("import", "w.orbench", twice, "--requests", asked, "--column", "prompt=request.prompt").stderr
    assert error.endswith("Say which one. Pass --joined-by id or --joined-by prompt_id=id.\n")
    columns = ("--column", "prompt=request.prompt", "--joined-by", "prompt_id=id")
    assert (
        "rows joined to q.jsonl by prompt_id=id: 2\n"
        in run("import", "w.orbench", twice, "--requests", asked, *columns).stdout
    )


def test_values_without_a_known_meaning_are_listed_first(run, write):
    known = ("stop", "length", "end_turn", "eos", "max_tokens", "content_filter", "refusal", "STOP", "Length", "Stop")
    stops = [*known, "stop_sequence", "Eos", "napping"]
    rows = "".join(f"How do I bake loaf {at}?,Knead.,{stop}\n" for at, stop in enumerate(stops))
    columns = ("--model", "oak", *(f"--column={part}" for part in ("prompt=q", "response=r", "stop_reason=s")))
    text = run("import", "w.orbench", write("a.csv", f"q,r,s\n{rows}"), *columns).stdout
    assert "stop_reason from s: napping → unknown 1, " in text and ", and 1 more value\n" in text


PRESETS = {
    "refusalbench": [{"prompt_id": "p1", "prompt_text": "Is it late?", "model": "oak", "response_text": r}
                     for r in ("Yes.", "No.", "Yes.")],
    "falsereject": [{"prompt": "Is it late?", "category_text": "Time", "instruct_response": "Yes.", "cot_response": r}
                    for r in ("Yes, it is.", "No, it is not.", "Yes, it is.")],
}  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_different_responses_are_no_duplicates(run_json, write, preset):
    for mend in ((), ("--mend", "duplicate"), ("--mend", "all")):
        file = write("a.jsonl", lines(PRESETS[preset]))
        [report] = run_json("import", f"{len(mend)}{mend[-1:]}.orbench", file, *mend, "--format", preset)["files"]
        assert (report["imported"], report["duplicates"], report["rejected"]) == (2, 1, 0)
        assert report["added"] == {"prompts": 1, "responses": 2 if preset == "refusalbench" else 3}


def test_a_report_names_nothing_that_happened_to_no_row(run_json, write):
    sample = {"id": 1, "epoch": 1, "input": "Is it late?", "output": {"completion": "Yes.", "model": "oak"}}
    sample["scores"] = {"refusal_scorer": {"value": 0.0}}
    log = {"version": 2, "status": "success", "eval": {"model": "oak"}, "samples": [sample]}
    [report] = run_json("import", "w.orbench", write("log.json", json.dumps(log)))["files"]
    assert report["added"] == {"prompts": 1, "responses": 1, "judgements": 1}
    assert 0 not in report["notes"].values()


@pytest.mark.parametrize(("stated", "category"), [("1.0", "1"), ("cat:1", "direct_answer"), ("harm", "1")])
def test_a_meaning_of_a_class_is_no_category(run_json, write, stated, category):
    file = write("r.csv", "q,m,r,c,cat\nIs it late?,oak,Yes.,1.0,1\n")
    mapped = ("prompt=q", "model=m", "response=r", "answer_class=c", "category=cat")
    options = [part for of in mapped for part in ("--column", of)] + ["--value", f"{stated}=direct_answer"]
    options += ["--value", "c:1.0=direct_answer"] if stated != "1.0" else []
    [report] = run_json("import", "w.orbench", file, *options)["files"]
    became = {of["column"]: [value["became"] for value in of["values"]] for of in report["values"]}
    assert became["c"] == ["direct_answer"]
    assert became["cat"] == [f"own category: {category}"]
