"""`orbench-studio import`: who answered, judged and moderated each row, and what is not read."""

import json

import pytest

PAIRS = "test_case,generation,{}\nHow do I prune an elm?,In winter.,oak\nHow do I fell an elm?,I cannot say.,ash\n"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (PAIRS.format("model"), ()),  # a recognised format, whose files usually have no such column
        (PAIRS.format("experiment"), ()),
        (PAIRS.format("model_name"), ("--model", "elm")),
        (PAIRS.replace("test_case,generation", "prompt,response").format("defender_model"), "as proposed"),
        ("prompt,is_rejected,response,model\nIs it late?,0,Yes.,oak\nIs it early?,1,No.,ash\n", ()),
        ("prompt,prompt_harm_label,response_refusal_label,response,model\nIs it late?,unharmful,compliance,Y,oak\n"
         "Is it early?,unharmful,compliance,N,ash\n", ()),
        ("prompt,answer_category,answer_type_response,response,llm,judge\nIs it late?,direct_answer,x,Y,oak,j\n"
         "Is it early?,direct_answer,x,N,ash,j\n", ()),
    ],
)  # fmt: skip
def test_the_model_of_each_row_is_read(run, run_json, write, text, options):
    file = write("a.csv", text)
    if options == "as proposed":
        options = run("import", "w.orbench", file).stderr.partition("Match them to fields: ")[2].split()
    [report] = run_json("import", "w.orbench", file, *options)["files"]
    [models] = [column for column in report["values"] if column["field"] == "model"] or [None]
    assert models is None or {one["value"] for one in models["values"]} == {"oak", "ash"}
    listed = run("export", "w.orbench", "--format", "jsonl", "--out", "o", "--names").exit_code
    assert listed == 0
    stored = [json.loads(line) for line in (file.parent / "o" / "prompts.jsonl").read_text().splitlines()]
    assert {answer["model"] for row in stored for answer in row["responses"]} == {"oak", "ash"}


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("prompt,response,engine", ("--column", "prompt=prompt", "--column", "response=response")),
        ("prompt,is_rejected,response,experiment", ()),
        ("test_case,generation,checkpoint", ()),
    ],
)
def test_one_name_for_all_rows_is_doubtful_where_a_column_may_have_names(run, run_json, write, header, options):
    is_three = header.count(",") == 2
    rows = ("Is it late?,{}Yes.,oak-7b\n", "Is it early?,{}No.,ash-13b\n", "Is it noon?,{}No.,oak-7b\n")
    file = write("a.csv", header + "\n" + "".join(row.format("" if is_three else "0,") for row in rows))
    column = header.rpartition(",")[2]
    asked = run("import", "w.orbench", file, *options).stderr
    assert f"the model is not known. The column {column} may name it: map it to model." in asked
    assert asked.endswith(f"Pass --model NAME. Or map it: --column model={column}.\n")
    [report] = run_json("import", "w.orbench", file, *options, "--model", "elm")["files"]
    assert report["warnings"] == [
        f"elm is stored as the model of 3 rows, in which {column} has other values: oak-7b 2, ash-13b 1. "
        f"If they name the model, map {column} to model."
    ]
    assert run("import", "v.orbench", file, *options, "--model", "elm", "--strict").exit_code == 3
    assert run("import", "v.orbench", file, *options, "--column", f"model={column}", "--strict").exit_code == 0


def test_a_recognised_format_names_the_columns_that_it_does_not_read(run_json, write):
    file = write("a.csv", "test_case,generation,model,human_0,method\nIs it late?,Yes.,oak,1,direct\n")
    [report] = run_json("import", "w.orbench", file)["files"]
    assert report["notes"] == {"columns that are not imported (human_0, method)": 2}


def test_a_column_that_is_read_already_is_not_offered(run, write):
    attempt = {
        "entry_type": "attempt",
        "status": 2,
        "probe_classname": "p",
        "prompt": "Is it late?",
        "outputs": ["Yes."],
    }
    rows = ({"entry_type": "start_run setup", "plugins.model_name": None}, attempt)
    text = run("import", "w.orbench", write("a.report.jsonl", "\n".join(map(json.dumps, rows)))).stderr
    assert "the model is empty. Pass --model NAME." in text and "map it" not in text
