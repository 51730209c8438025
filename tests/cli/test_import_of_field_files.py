"""`orbench-studio import` of other people's files: doubts, near copies, archives and dataset folders."""

import json
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

HEAD = "q,r,m,mark\n"
ROWS = ["How do I shear a sheep?,With care.,oak,{}\n", "What burns well?,I cannot help with that.,oak,{}\n"]
MAPPED = ("--column", "prompt=q", "--column", "response=r", "--column", "model=m")


def test_a_mapped_import_lists_values_and_warns(run, run_json, write):
    file = write("a.csv", HEAD + ROWS[0].format("compliance") + ROWS[1].format("deflection"))
    found = run_json("import", "w.orbench", file, *MAPPED, "--column", "answer_class=mark", "--judge", "guard")
    [report] = found["files"]
    assert report["warnings"] == ["1 of 2 values of mark (answer_class) are unparsed."]
    named = ("--column", "answer_class=mark", "--judge", "guard")
    assert "--value VALUE=MEANING" in run("import", "v.orbench", file, *MAPPED, *named).stdout
    [column] = [one for one in report["values"] if one["field"] == "answer_class"]
    assert column["values"] == [
        {"value": "compliance", "count": 1, "became": "direct_answer"},
        {"value": "deflection", "count": 1, "became": "unparsed"},
    ]
    again = ("import", "x.orbench", file, *MAPPED, "--column", "answer_class=mark")
    text = run(*again).stdout
    assert text.index("WARNING: 1 of 2 rows are rejected.") < text.index("added")
    assert "Set the meaning of a value with --value VALUE=MEANING." in text
    assert run(*again, "--value", "deflection=partial_refusal").stdout.count("rejected, line") == 0


@pytest.mark.parametrize(
    ("numbers", "listed"),
    [
        ("1 2 1", "1, 2"),
        ("1 0 1.5e-07 -0.5 +2 0,5 50%", "+2, -0.5, 0, 0,5, 1, 1.5e-07, 50%"),
        (" ".join(f"0.{at}" for at in range(10_000, 10_501)) + " 1", "0.10000, 0.10001,"),
    ],
)
def test_numbers_are_read_all_or_none(run, run_json, write, tmp_path, numbers, listed):
    rows = (f'Is it {at}?,"{number}"\n' for at, number in enumerate(numbers.split()))
    file = write("a.csv", f"q,toxic\n{''.join(rows)}")
    options = ("--column", "prompt=q", "--column", "verdict=toxic", "--moderator", "guard")
    result = run("import", "w.orbench", file, *options)
    assert result.exit_code == 1
    assert f"the column toxic (verdict) has the values {listed}" in result.stderr
    assert "Set the meaning of each" in result.stderr and not (tmp_path / "w.orbench").exists()
    if len(numbers) < 99:
        meanings = [part for number in numbers.split() for part in ("--value", f"{number}=safe")]
        added = run_json("import", "w.orbench", file, *options, *meanings)["files"][0]["added"]
        assert added["votes"] == len(numbers.split())


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (["{}"] * 2, ("--column", "answer_class=mark", "--judge", "guard")),  # unparsed
        (["1", "2"], ("--column", "answer_class=mark", "--value", "1=direct_answer")),  # rejected
        (["1", *["0"] * 29], ("--column", "is_refusal=mark", "--value", "0=direct_refusal")),  # rejected, but few
        (["1.0", "0.0"], ("--column", "is_refusal=mark")),  # 1 means an answer
        (["hate", "hate"], ("--column", "category=mark")),  # nothing doubtful: exit code 0
    ],
)
def test_strict_ends_with_3_for_what_is_doubtful(run, write, tmp_path, rows, options):
    file = write("a.csv", HEAD + "".join(row.format(mark) for row, mark in zip(ROWS * 15, rows, strict=False)))
    result = run("import", "w.orbench", file, *MAPPED, *options, "--strict")
    assert result.exit_code == (0 if options[-1] == "category=mark" else 3)
    assert (tmp_path / "w.orbench").exists() == (result.exit_code == 0)


def test_a_value_has_a_meaning_of_its_own_in_each_column(run, run_json, write):
    file = write("a.csv", "q,r,a,b\nIs it late?,Yes.,1,1\nIs it early?,No.,0,0\n")
    options = ("--column", "prompt=q", "--column", "response=r", "--model", "oak", "--moderator", "m")
    options += ("--column", "is_refusal=a", "--column", "response_verdict=b")
    of = ("a:1=direct_answer", "is_refusal:0=direct_refusal", "b:1=toxic", "response_verdict:0=safe")
    values = [part for each in of for part in ("--value", each)]
    [report] = run_json("import", "w.orbench", file, *options, *values, "--strict")["files"]
    became = {(c["field"], v["value"]): v["became"] for c in report["values"] for v in c["values"]}
    assert [became["is_refusal", value] for value in "10"] == ["direct_answer", "direct_refusal"]
    assert [became["response_verdict", value] for value in "10"] == ["toxic", "safe"]
    alike = [part for each in ("1=", "0=safe") for part in ("--value", each)]
    error = " ".join(run("import", "x.orbench", file, *options, *alike).stderr.split())
    assert "the value 1 is in several columns. Set its meaning in each: a:1=MEANING b:1=MEANING" in error
    one_sided = run("import", "y.orbench", file, *options[:-2], "--value", "1=direct_answer").stdout
    assert "WARNING: Rows were rejected for values of a (is_refusal) without a known meaning: 0 1." in one_sided


def test_columns_and_meanings_are_remembered_for_files_with_the_same_columns(run, run_json, write):
    first, second = (write(name, HEAD + ROWS[1].format("1")) for name in ("a.csv", "b.csv"))
    command = ("import", "w.orbench", first, *MAPPED, "--column", "answer_class=mark", "--value", "mark:1=refusal")
    assert "as for an earlier file" not in run(*command).stdout
    again = run("import", "x.orbench", second).stdout
    named = "prompt=q, response=r, model=m, answer_class=mark, mark:1=refusal"
    assert f"as for an earlier file with these columns: {named} (--forget to begin anew)" in again
    assert "answer_class from mark: 1 → direct_refusal 1" in again
    for unasked in ("--forget", "--strict"):
        assert "format not recognised" in run("import", "y.orbench", second, unasked).stderr
    assert (
        "the value '1' of mark (answer_class) is unknown" in run("import", "y.orbench", second, *command[3:-2]).stderr
    )
    places = write("c.csv", "Is it late?,refusal\n")
    run("import", "z.orbench", places, "--no-header", "--column", "prompt=0")
    assert run("import", "z.orbench", places, "--no-header").exit_code == 1, "unlike files have such columns"
    texts = write("d.txt", "".join(f"Is it late, {at}?::It is not, {at}.\n" for at in range(3)))
    advice = "Pass --no-header --rows :: --column prompt=0 --column response=1."
    assert advice in run("import", "z.orbench", texts).stderr
    assert run("import", "z.orbench", texts, *advice[5:-1].split(), "--model", "oak").exit_code == 0


@pytest.mark.parametrize(
    ("column", "values", "asked"),
    [("toxic", "1 1", True), ("toxic", "1 0", False), ("is_toxic", "1 1", False), ("toxicity", "1 0.5", True),
     ("flagged", "1 1", False), ("harmful", "0 0", False)],
)  # fmt: skip
def test_numbers_that_may_be_of_a_scale_are_a_question(run, write, column, values, asked):
    first, second = values.split()
    file = write("a.csv", f"q,{column}\nIs it late?,{first}\nIs it early?,{second}\n")
    result = run("import", "w.orbench", file, "--column", "prompt=q", "--column", f"label={column}")
    assert ("Set the meaning of each" in result.stderr) == asked == (result.exit_code == 1)


def test_texts_that_are_lists_are_a_warning(run, write):
    file = write("a.csv", HEAD + "\"['a', 'b']\",r,oak,\n")
    assert "1 of 1 texts of q (prompt) are lists or objects" in run("import", "w.orbench", file, *MAPPED).stdout


def test_identifiers_as_prompts_are_a_warning(run, write):
    file = write("a.csv", "q,t\n80,Is it late?\ncase-81,Is it 2 already?\n")
    assert (
        "2 of 2 texts of q (prompt) are numbers, letters or identifiers"
        in run("import", "w.orbench", file, "--column", "prompt=q").stdout
    )
    assert "WARNING" not in run("import", "x.orbench", file, "--column", "prompt=t").stdout


def test_two_labels_of_one_prompt_are_told(run, write):
    file = write("a.csv", "q,l\nIs it late?,safe\nIs it late?,unsafe\nIs it early?,safe\n")
    text = run("import", "w.orbench", file, "--column", "prompt=q", "--column", "label=l").stdout
    assert "rows with another label than their prompt has (the first stays): 1" in text


def test_what_an_import_leaves_out_is_listed(run, write):
    file = write("a.csv", "q,r,mark,who\nIs it late?,N/A,1,ada\nIs it early?,N/A,2,ada\n")
    options = ("--column", "prompt=q", "--column", "response=r", "--model", "oak")
    text = run("import", "w.orbench", file, *options).stdout
    assert "columns that are not imported (mark, who): 2" in text
    assert "WARNING: 2 of 2 responses are errors of an API, or stand for an empty cell." in text
    assert "errors of an API" not in run("import", "x.orbench", file, *options, "--mend", "api-error").stdout


def test_answer_classes_without_a_response_are_told(run, write):
    file = write("a.csv", "q,mark\nIs it late?,refusal\nIs it early?,\n")
    text = run("import", "w.orbench", file, "--column", "prompt=q", "--column", "answer_class=mark").stdout
    assert "answer_class from mark: refusal → not read 1" in text
    why = "are not stored, because no column is mapped to response."
    assert f"WARNING: 1 of 1 values of mark (answer_class) {why}" in text


def test_empty_responses_are_a_warning(run, write):
    rows = '{"q": "Is it late?", "r": {"text": "Yes."}}\n{"q": "Is it early?", "r": {"text": "No."}}\n'
    command = ("import", "w.orbench", write("a.jsonl", rows), "--column", "prompt=q", "--model", "oak", "--column")
    assert "None of 2 rows has a value in r.txt (response)." in run(*command, "response=r.txt").stdout
    assert "None of" not in run(*command, "response=r.text").stdout


def test_near_copies_of_prompts_are_told_and_joined(run, run_json, write):
    prompts = write("p.csv", "prompt,category\nCan I use my sister's ladder?,privacy\nWhat burns well?,hate\n")
    answers = write(
        "responses_m.csv",
        "prompt,is_rejected,response,category\nCan I use my sister\u2019s ladder?,False,Yes,privacy\n"
        '"What  burns well?\n",False,Ash.,hate\nIs it new?,False,Yes,hate\n',
    )
    text = run("import", "w.orbench", prompts, answers).stdout
    assert "prompts that differ from one here only in white space or quotation marks (they can be joined): 2" in text
    assert run_json("stats", "w.orbench")["prompts"] == 5
    run("import", "j.orbench", prompts, answers, "--join-near")
    assert run_json("stats", "j.orbench")["prompts"] == 3
    assert "0 rows imported, 3 duplicates" in run("import", "j.orbench", answers, "--join-near").stdout


def test_archives_and_dataset_folders_are_read_by_their_members(run, run_json, write, tmp_path):
    archive = tmp_path / "prompts.zip"
    with zipfile.ZipFile(archive, "w") as into:
        into.writestr("a/prompts.csv", "prompt,category\nIs it late?,hate\n")
        into.writestr("b.jsonl", json.dumps({"prompt": "Is it early?", "category": "hate"}))
        into.writestr("notes.md", "no table")
        into.writestr("../../evil.csv", "prompt,category\nIs it noon?,hate\n")
        into.writestr("a/state.json", '[{"prompt": "Is it a library\'s file?"}]')
    folder = write("data/README.md", "---\nconfigs:\n- config_name: x\n  data_files:\n  - split: train\n"
                   "    path: x/train-*\n---\n# Data\n").parent  # fmt: skip
    (folder / "x").mkdir()
    table = pyarrow.table({"prompt": ["Is it dusk?"], "category": ["hate"]})
    for name in ("x/train-0.parquet", "y.parquet"):
        pyarrow.parquet.write_table(table, folder / name)
    saved = write("saved/dataset_dict.json", '{"splits": ["train"]}').parent
    write("saved/train/state.json", "{}")
    write("saved/.ipynb_checkpoints/hidden.csv", "prompt,category\nIs it night?,hate\n")
    with pyarrow.ipc.new_stream(str(saved / "train" / "data-00000-of-00001.arrow"), table.schema) as writer:
        writer.write_table(pyarrow.table({"prompt": ["Is it dawn?"], "category": ["hate"]}))
    result = run("import", "w.orbench", archive, folder, saved)
    assert result.exit_code == 0
    assert "\na/prompts.csv (orbench-prompts): 1 row" in f"\n{result.stdout}", "several may have one name"
    assert "prompts.zip: these files were not read: notes.md, ../../evil.csv, a/state.json." in result.stderr
    assert "data: these files were not read: y.parquet." in result.stderr and "saved:" not in result.stderr
    assert run_json("stats", "w.orbench")["prompts"] == 4, "a member outside of the archive is not read"
    assert not (tmp_path.parent.parent / "evil.csv").exists()


def test_parts_of_prompts_that_are_read_or_not_are_reported(run, write):
    rows = "Is it noon?,hate,b1,It is May.,a.png\nIs it dawn?,hate,b2,,\n"
    file = write("b.csv", f"Behavior,SemanticCategory,BehaviorID,ContextString,ImageFileName\n{rows}")
    report = run("import", "w.orbench", file)
    assert "1 row has a value in ImageFileName, which may be part of what was sent. It was not read." in report.stdout
    assert "prompts that begin with the text of ContextString" in report.stdout


def test_own_categories_are_filtered_audited_and_have_quotas(run, run_json, write):
    rows = [f"Is number {n} prime?,False,Yes,{'Woodwork' if n % 2 else 'hate'}\n" for n in range(6)]
    file = write("responses_m.csv", "prompt,is_rejected,response,category\n" + "".join(rows))
    assert "3 rows have categories that are not OR-Bench's ten: woodwork 3." in run("import", "w.orbench", file).stdout
    assert "3 prompts written" in run("export", "w.orbench", "--format", "orbench", "--out", "o", "--filter",
                                      "category:woodwork", "--bom").stdout  # fmt: skip
    assert (write("o/x", "").parent / "prompts.csv").read_bytes().startswith(b"\xef\xbb\xbfprompt")
    assert "woodwork" in run("audit", "w.orbench", "--assume-safe").stdout
    assert "0 rows imported, 3 duplicates" in run("import", "w.orbench", "o/prompts.csv").stdout
    labels = write("l.csv", "prompt,label\n" + "".join(f"Is number {n} prime?,benign\n" for n in range(6)))
    run("import", "w.orbench", labels, "--column", "prompt=prompt", "--column", "label=label")
    recipe = write("r.toml", '[qualify]\nfilter = "category:woodwork"\n[size]\ncategories = { woodwork = 2 }\n')
    assert run("curate", "w.orbench", "--recipe", recipe, "--name", "wood").stderr == ""


def test_every_mapped_column_is_in_the_report(run, write):
    file = write(
        "a.csv", "q,no,seed,sys,why,who\nIs it late?,k1,42,Be brief.,,ada\nIs it early?,k2,42,Be brief.,x,ada\n"
    )
    fields = "key=no seed=seed system_prompt=sys reason=why annotator=who"
    columns = (part for field in ("prompt=q", *fields.split()) for part in ("--column", field))
    text = run("import", "w.orbench", file, *columns).stdout
    assert "added: 2 prompts, 1 annotation\n" in text
    assert "seed from seed: 42 → not read 2" in text
    assert "WARNING: 2 of 2 values of seed (seed) are numbers. They were not read." in text
    assert "key from no: 2 texts" in text
    assert "system_prompt from sys: 2 texts" in text
    assert "reason from why: 1 text, 1 empty" in text
    assert "reasons without an answer class or a label, stored as notes on their prompts: 1" in text
    assert "annotator from who: ada → not read 1, ada 1" in text
    why = "because the row has no label, answer class or reason that is stored"
    assert f"values of who (annotator) not stored, {why}: 1" in text


@pytest.mark.parametrize(
    ("columns", "warning"),
    [
        (("explanation=m",), "m (explanation) are not stored, because the row has no verdict, and no answer class of"),
        (("reason=m",), "m (reason) are not stored, because the row has no annotator"),
        (("judge=m",), "m (judge) are not stored, because the row has no answer class"),
        (("explanation=mark", "answer_class=mark"), "mark (explanation) are not stored, because"),
    ],
)
def test_a_column_that_stores_nothing_alone_is_a_warning(run, write, columns, warning):
    file = write("a.csv", HEAD + "Is it late?,Yes.,oak,refusal\n")
    options = [part for column in ("response=r", *columns) for part in ("--column", column)]
    result = run("import", "w.orbench", file, "--column", "prompt=q", "--model", "oak", *options, "--strict")
    assert (result.exit_code, warning in result.stderr) == (3, True)


def test_a_key_that_is_not_unique_is_a_warning(run, write):
    file = write("a.csv", "q,no\nIs it late?,1\nIs it early?,1\nIs it noon?,2\n")
    command = ("import", "w.orbench", file, "--column", "prompt=q", "--column", "key=no")
    warning = "1 row has another text than an earlier prompt with the same key"
    result = run(*command, "--strict")
    assert (result.exit_code, warning in result.stderr) == (3, True)
    assert f"WARNING: {warning}" in run(*command).stdout


def test_every_warning_fails_a_strict_import_unless_it_is_answered(run, write):
    file = write("a.csv", "q,c\nIs it late?,woodwork\n")
    command = ("import", "w.orbench", file, "--column", "prompt=q", "--column", "category=c", "--strict")
    assert run(*command).exit_code == 3
    assert run(*command, "--value", "woodwork=woodwork").exit_code == 0


def test_a_text_in_brackets_is_no_list(run, write):
    rows = "[Noon] Is it late?\n{day} is it?\n"
    file = write("a.csv", f"q\n{rows}")
    assert run("import", "w.orbench", file, "--column", "prompt=q", "--strict").exit_code == 0


def test_rows_that_contradict_an_earlier_row_of_their_prompt_are_warnings(run, write):
    file = write("a.csv", "q,l,c,k\nIs it late?,safe,hate,1\nIs it late?,unsafe,sexual,2\nIs it noon?,safe,hate,3\n")
    columns = (part for field in ("prompt=q", "label=l", "category=c", "key=k") for part in ("--column", field))
    text = run("import", "w.orbench", file, *columns).stdout
    assert "WARNING: 1 row has another label than an earlier row of the same prompt, which stays." in text
    assert "WARNING: 1 row has another category than an earlier row of the same prompt, which stays." in text
    assert "1 row has another key than an earlier row of the same prompt, which stays. Equal texts" in text


def test_labels_that_contradict_each_other_beside_responses_are_a_warning(run, write):
    file = write("a.csv", "q,r,l\nIs it late?,Yes.,safe\nIs it late?,Ask him.,unsafe\n")
    columns = ("--column", "prompt=q", "--column", "response=r", "--column", "prompt_label=l", "--model", "oak")
    assert "WARNING: 1 row has another label than an earlier row" in run("import", "w.orbench", file, *columns).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "elm"), "WARNING: Options without effect, as no row needs such a name: model elm."),
        (("--judge", "guard"), "WARNING: Options without effect, as no row needs such a name: judge guard."),
        (("--column", "answer_class=mark", "--value", "no=direct_refusal"), "No mapped column has the value no"),
        *(
            (("--column", f"{field}=empty"), f"None of 2 rows has a value in empty ({field}).")
            for field in ("answer_class", "category", "key", "seed", "sample", "stop_reason", "system_prompt")
        ),
        (("--column", "answer_class=mark", "--value", "empty:refusal=direct_answer"), "has the value empty:refusal"),
        (("--rows", "a.b"), "its rows are not in parts, so there is nothing under 'a.b'"),
        (("--column", "label=mark"), "label (mark) may be of the prompt or of the response: map it to prompt_label"),
    ],
)
def test_no_option_is_ignored_silently(run, write, options, said):
    rows = [HEAD, ROWS[0].format("compliance"), ROWS[1].format("refusal")]
    file = write("a.csv", "".join(rows).replace("\n", ",\n").replace("mark,", "mark,empty", 1))
    result = run("import", "w.orbench", file, *MAPPED, *options)
    assert said in " ".join(f"{result.stdout}{result.stderr}".split())


def test_other_system_prompts_of_a_prompt_are_a_warning(run, write):
    file = write("a.csv", "q,s\nIs it late?,Be brief.\nIs it late?,Be kind.\n")
    shown = run("import", "w.orbench", file, "--column", "prompt=q", "--column", "system_prompt=s").stdout
    assert "WARNING: 1 row has another system prompt or other earlier turns than an earlier row of the same" in shown


def test_other_earlier_turns_of_a_prompt_are_a_warning(run, write):
    """Conversations that end alike are one prompt; what was said before it in the second is not silently gone."""
    turns = [
        [
            {"role": "user", "content": first},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": "Go on, please."},
        ]
        for first in ("May I sing?", "May I dance?", "May I dance?")
    ]
    file = write("a.jsonl", "".join(json.dumps({"messages": one}) + "\n" for one in turns))
    shown = run("import", "w.orbench", file, "--column", "prompt=messages").stdout
    assert (
        "WARNING: 2 rows have another system prompt or other earlier turns than an earlier row of the same prompt"
        in " ".join(shown.split())
    )


def test_a_name_of_the_options_fills_what_the_file_leaves_empty(run_json, write):
    file = write("a.csv", HEAD + ROWS[0].format("").replace("oak", "") + ROWS[1].format(""))
    [report] = run_json("import", "w.orbench", file, *MAPPED, "--model", "elm")["files"]
    values = [(one["value"], one["became"]) for column in report["values"] for one in column["values"]]
    assert values == [("(empty)", "elm"), ("oak", "oak")]
    assert report["warnings"] == []


def test_the_command_asks_which_column_was_sent(run, write):
    file = write("a.csv", "query,final_query,response\nIs it late?,Say: is it late?,Yes.\n")
    error = run("import", "w.orbench", file).stderr
    assert "final_query (“Say: is it late?”) was sent to the model: map that one to prompt" in " ".join(error.split())


def test_the_place_of_a_column_in_a_proposal_is_no_column(run, write):
    file = write("a.csv", "q,r\nIs it late?,Yes.\n")
    result = run("import", "w.orbench", file, "--column", "prompt=COLUMN", "--column", "response=r")
    assert "there is no column COLUMN; the file has q, r" in result.stderr


def test_a_turn_that_quotes_a_chat_is_no_whole_dialogue(run_json, write):
    asked = "Look at this:\nUser: Is it late?\nAssistant: Yes."
    rows = [{"q": [{"role": "user", "content": asked}]}, {"q": asked}]
    for row, count in zip(rows, (0, 1), strict=True):
        file = write(f"{count}.jsonl", json.dumps(row))
        [report] = run_json("import", "w.orbench", file, "--column", "prompt=q")["files"]
        assert sum("whole dialogues" in text for text in report["warnings"]) == count


def test_an_export_refuses_options_that_say_how_to_read_it(run, write):
    run("import", "w.orbench", write("a.csv", "prompt,category\nIs it late?,hate\n"))
    run("export", "w.orbench", "--format", "jsonl", "--out", "out")
    options = ("--model", "m", "--value", "1=safe", "--column", "key=prompt", "--rows", "a", "--format", "mapped")
    error = " ".join(run("import", "c.orbench", "out", *options).stderr.split())
    assert "Options without effect: model, column, value, rows, format. Leave them out." in error
    near = run("import", "c.orbench", "out", "--join-near").stdout
    assert "WARNING: Options without effect on an export: join-near." in near


def test_replies_of_an_unknown_role_are_a_warning(run, write):
    turns = [{"role": "user", "text": "Is it late?"}, {"role": "shepherd", "text": "Yes."}]
    rows = json.dumps([{"talk": turns, "n": 1}, {"talk": [turns[0], {"role": "LLM", "text": "No."}], "n": 2}])
    text = run("import", "w.orbench", write("a.json", rows), "--column", "prompt=talk", "--model", "oak").stdout
    assert "1 responses" in text or "1 response" in text
    counted = "the user's last one that are not the reply, and were not read: 'shepherd' 1."
    assert f"{counted} The role of a model must be" in " ".join(text.split())
    called = rows.replace("shepherd", "tool")
    text = run("import", "v.orbench", write("b.json", called), "--column", "prompt=talk", "--model", "oak").stdout
    assert counted.replace("shepherd", "tool") in " ".join(text.split()) and "The role of a model" not in text
