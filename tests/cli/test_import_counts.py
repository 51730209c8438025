"""`orbench-studio import`: the counts of a report add up to what was stored, however the rows are written."""

import json


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
