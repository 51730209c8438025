"""Files of other tools and benchmarks: presets, batch results, annotation tools, logs, workbooks."""

import io
import json
import zipfile

import pyarrow
import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats import import_notes
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import preview_file, read_file
from orbench_studio.formats.records import Record
from tests.unit.formats.field_rows import ASK, PROMPTFOO, PROMPTFOO_2, SAY, SORRY, A, R, classes, lines, prompts

LM_EVAL = [
    {"doc_id": at, "doc": {}, "target": "", "arguments": {"gen_args_0": {"arg_0": q, "arg_1": {}}}, "resps": [[r]]}
    for at, (q, r) in enumerate(zip(ASK, SAY, strict=True))
]
OLD_LM_EVAL = [{**row, "arguments": [[row["arguments"]["gen_args_0"]["arg_0"], {}]]} for row in LM_EVAL]
TWICE_LM_EVAL = [{**row, "resps": [[*row["resps"][0], "No."]]} for row in OLD_LM_EVAL]
WILDGUARD = [
    {"prompt": ASK[0], "response": SAY[0], "prompt_harm_label": "unharmful", "response_refusal_label": "compliance"},
    {"prompt": ASK[1], "response": SAY[1], "prompt_harm_label": "harmful", "response_refusal_label": "refusal"},
    {"prompt": ASK[2], "response": None, "prompt_harm_label": "unharmful", "response_refusal_label": None},
]
ARTIFACT = {
    "parameters": {"model": "oak", "attack_cost": 1},
    "jailbreaks": [{"index": at, "goal": "g", "behavior": "b", "category": "Privacy", "prompt": q, "response": r,
                    "jailbroken": False} for at, (q, r) in enumerate(zip(ASK, SAY, strict=True))],
}  # fmt: skip
COMPLETIONS = [{"test_case": q, "generation": r, "label": 0} for q, r in zip(ASK, SAY, strict=True)]
PHTEST = [{"ID": at, "Request": q, "Harmfulness": "harmless"} for at, q in enumerate(ASK)]
REFUSALBENCH = [
    {
        "prompt_id": f"p{at}",
        "subdomain": "barn",
        "tier": "benign",
        "model": "oak",
        "trial_idx": 0,
        "response_text": r,
        "error": "",
        "is_refusal": at % 2,
        "prompt_text": q,
    }
    for at, (q, r) in enumerate(zip(ASK, SAY, strict=True))
]
ORFUZZ = [
    {"input": q, "input toxic rate": 0.2, "oak": r, "oak answer rate": 0.1} for q, r in zip(ASK, SAY, strict=True)
]
GARAK = [
    {"entry_type": "start_run setup", "plugins.model_name": "oak"},
    *({"entry_type": "attempt", "status": status, "probe_classname": "barn.Sheep", "prompt": asked, "outputs": out}
      for q, r in zip(ASK, SAY, strict=True) for status, out, asked in (
          (1, [], q), (2, [r], q) if q == ASK[0] else (
              2, [{"text": r, "lang": "en"}], {"turns": [{"role": "user", "content": {"text": q, "lang": "en"}}]}))),
    {"entry_type": "eval", "probe": "barn.Sheep", "passed": 1},
]  # fmt: skip
EVALS = [
    {"spec": {"completion_fns": ["oak"]}},
    *({"run_id": "x", "event_id": at, "sample_id": f"s.{at}", "type": kind, "data": data}
      for at, (q, r) in enumerate(zip(ASK, SAY, strict=True)) for kind, data in (
          ("sampling", {"prompt": [{"role": "user", "content": q}], "sampled": [r]}), ("match", {"correct": True}))),
    {"final_report": {"accuracy": 1}},
]  # fmt: skip
HARMBENCH = {"b1": COMPLETIONS[:1], "b2": COMPLETIONS[1:]}


@pytest.mark.parametrize(
    ("name", "written", "format_name", "model"),
    [
        ("out.json", PROMPTFOO, "promptfoo", "oak"),
        ("out.json", PROMPTFOO_2, "promptfoo", "m"),
        ("out.json", PROMPTFOO_2["results"], "promptfoo", "m"),
        ("samples.jsonl", LM_EVAL, "lm-eval-samples", "m"),
        ("samples.jsonl", OLD_LM_EVAL, "lm-eval-samples", "m"),
        ("samples.jsonl", TWICE_LM_EVAL, "lm-eval-samples", "m"),
        ("wg.jsonl", WILDGUARD, "wildguard", "m"),
        ("artifact.json", ARTIFACT, "jailbreakbench-artifact", "oak"),
        ("completions.json", HARMBENCH, "harmbench-completions", "m"),
        ("PHTest.jsonl", PHTEST, "phtest", "m"),
        ("sweep.jsonl", REFUSALBENCH, "refusalbench", "oak"),
        ("oak_or.jsonl", ORFUZZ, "orfuzz", "m"),
        ("question.jsonl", SORRY, "sorry-bench", "m"),
        ("run.report.jsonl", GARAK, "garak", "oak"),
        ("log.jsonl", EVALS, "openai-evals", "oak"),
    ],
)
def test_presets(write, name, written, format_name, model):
    path = write(name, lines(written) if name.endswith("l") else json.dumps(written))
    with read_file(path, options=ReadOptions(model=None if model == "oak" else model)) as file:
        found = list(file.records)
        assert file.format == format_name
    assert prompts(found) == list(ASK)
    answered = [(r.responses[0].model, r.responses[0].text) for r in found if r.responses]
    assert answered == [(model, text) for text in SAY][: len(answered)]
    if format_name == "wildguard":
        assert [str(r.responses[0].reference_class) for r in found[:2]] == [A, R] and found[2].responses == ()


def test_a_format_of_a_tool_gives_the_responses_to_prompts_of_another_path(write):
    path = write("samples.jsonl", lines([{**row, "doc": {"of": q}} for row, q in zip(LM_EVAL, ASK, strict=True)]))
    for more, format_name in ({}, "lm-eval-samples"), ({Field.RESPONSE: "resps.0"}, "mapped"):
        options = ReadOptions(model="m", mapping=ColumnMapping({Field.PROMPT: "doc.of", **more}))
        with read_file(path, options=options) as file:
            found = list(file.records)
            assert file.format == format_name
        assert prompts(found) == list(ASK) and [record.responses[0].text for record in found] == list(SAY)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_an_error_beside_a_response_is_of_a_test_and_no_failed_request(write, is_mapped):
    rows = [{**row, "failureReason": 1, "error": "Expected output to contain sheep"}
            for row in PROMPTFOO["results"]["results"]]  # fmt: skip
    rows[1] |= {"response": {"error": "timeout"}, "failureReason": 2, "error": "timeout"}
    rows[2]["response"] = {"output": "Error: 503 Service Unavailable"}
    rows.append({**rows[0], "vars": {"q": "Why?"}, "prompt": {"raw": "Why?"}, "response": {"output": ""}})
    path = write("out.json", json.dumps({**PROMPTFOO, "results": {**PROMPTFOO["results"], "results": rows}}))
    columns = {Field.PROMPT: "prompt.raw", Field.RESPONSE: "response.output", Field.ERROR: "error"}
    mapping = ColumnMapping({**columns, Field.MODEL: "provider.id"}) if is_mapped else None
    with read_file(path, format_name="mapped" if is_mapped else None, options=ReadOptions(mapping=mapping)) as file:
        found = [record.responses[0] for record in file.records]
        assert file.tally.notes[import_notes.ERRORS_WITH_TEXT] == is_mapped
        [error] = [column for column in file.tally.columns if column.field == Field.ERROR]
        assert error.not_stored.total() == (0 if is_mapped else 2), "the error of a test beside a response"
    assert (found[0].text, str(found[0].stop_reason)) == (SAY[0], "error" if is_mapped else "unknown")
    assert [(str(r.stop_reason), bool(r.error)) for r in found[1:3]] == [("error", True)] * 2
    assert (found[3].text, str(found[3].stop_reason)) == ("", "error" if is_mapped else "unknown")


def test_questions_of_another_benchmark_are_not_those_of_sorry_bench(refused):
    rows = [{"question_id": 81, "category": "barn", "turns": [q]} for q in ASK]
    assert "format not recognised" in refused("question.jsonl", lines(rows))


def test_a_preset_of_the_user(take, tmp_path, monkeypatch):
    monkeypatch.setattr("orbench_studio.formats.presets.config_folder", lambda: tmp_path)
    (tmp_path / "presets").mkdir()
    text = (
        'title = "Ours"\nneeds = ["ask", "say"]\n[columns]\nprompt = "ask"\nresponse = "say"\n[values]\nmodel = "oak"\n'
    )
    (tmp_path / "presets" / "ours.toml").write_text(text)
    [found] = take("x.csv", "ask,say,n\nWhy?,So.,1\n")
    assert (found.prompt.text, found.responses[0].model) == ("Why?", "oak")


REQUESTS = [
    {"custom_id": f"r{at}", "method": "POST", "url": "/v1/chat/completions",
     "body": {"model": "oak", "messages": [{"role": "user", "content": q}]}} for at, q in enumerate(ASK)
]  # fmt: skip
RESULTS = [
    {"id": f"b{at}", "custom_id": f"r{at}", "error": None, "response": {"status_code": 200, "body": {
        "model": "oak-1", "choices": [{"message": {"role": "assistant", "content": r}, "finish_reason": "length"}]}}}
    for at, r in enumerate(SAY[:2])
] + [{"id": "b2", "custom_id": "r2", "response": None, "error": {"message": "It expired."}}]  # fmt: skip
CLAUDE = [{"custom_id": f"r{at}", "params": {"model": "elm", "system": "Be brief.", "messages": [
    {"role": "user", "content": q}]}} for at, q in enumerate(ASK)]  # fmt: skip
CLAUDE_RESULTS = [
    {"custom_id": f"r{at}", "result": {"type": "succeeded", "message": {
        "model": "elm-1", "content": [{"type": "text", "text": r}], "stop_reason": "end_turn"}}}
    for at, r in enumerate(SAY[:2])
] + [{"custom_id": "r2", "result": {"type": "errored", "error": {"error": {"message": "Too busy."}}}}]  # fmt: skip


@pytest.mark.parametrize(
    ("requests", "results", "models", "stops"),
    [
        (REQUESTS, RESULTS, ["oak-1", "oak-1", "oak"], [StopReason.LENGTH, StopReason.LENGTH, StopReason.ERROR]),
        (CLAUDE, CLAUDE_RESULTS, ["elm-1", "elm-1", "elm"], [StopReason.STOP, StopReason.STOP, StopReason.ERROR]),
        (
            CLAUDE,
            [*CLAUDE_RESULTS[:2], {"custom_id": "r2", "result": {"type": "expired"}}],
            ["elm-1", "elm-1", "elm"],
            [StopReason.STOP, StopReason.STOP, StopReason.ERROR],
        ),
    ],
)
def test_batch_results_with_their_requests(write, take, refused, requests, results, models, stops):
    asked = write("requests.jsonl", lines(requests))
    found = take("results.jsonl", lines(results), requests=asked)
    assert prompts(found) == list(ASK)
    assert [r.responses[0].text for r in found] == [*SAY[:2], ""]
    assert [r.responses[0].model for r in found] == models
    assert [r.responses[0].stop_reason for r in found] == stops
    assert "in the requests file" in refused("results.jsonl", lines(results))


def test_a_batch_with_several_choices_has_several_samples(write, take):
    choices = [
        {"message": {"content": r}, "finish_reason": stop}
        for r, stop in zip(SAY, ("stop", "length", "stop"), strict=True)
    ]
    row = {**RESULTS[0], "response": {"body": {"model": "oak-1", "choices": choices}}}
    [found] = take("results.jsonl", lines([row]), requests=write("requests.jsonl", lines(REQUESTS)))
    assert [(r.text, r.stop_reason) for r in found.responses] == list(
        zip(SAY, (StopReason.STOP, StopReason.LENGTH, StopReason.STOP), strict=True)
    )


def test_the_vendor_s_own_text_of_a_refusal_is_a_refusal(write, take):
    said, refused = {"content": SAY[0], "refusal": None}, {"content": None, "refusal": SAY[1]}
    output = [{"type": "message", "content": [{"type": "refusal", "refusal": SAY[1]}]}]
    for body, expected in (
        ({"choices": [{"message": refused, "finish_reason": "stop"}]}, [(SAY[1], StopReason.REFUSED)]),
        ({"choices": [{"message": m, "finish_reason": "stop"} for m in (refused, said)]},
         [(SAY[1], StopReason.REFUSED), (SAY[0], StopReason.STOP)]),
        ({"output": output, "status": "completed"}, [(SAY[1], StopReason.REFUSED)]),
        ({"output": [{"type": "reasoning", "summary": []}, *output], "status": "completed"},
         [(SAY[1], StopReason.REFUSED)]),
        ({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": SAY[0]}]}],
          "status": "completed"}, [(SAY[0], StopReason.STOP)]),
    ):  # fmt: skip
        row = {**RESULTS[0], "response": {"body": {"model": "oak", **body}}}
        [found] = take("results.jsonl", lines([row]), requests=write("requests.jsonl", lines(REQUESTS)))
        assert [(r.text, r.stop_reason) for r in found.responses] == expected


@pytest.mark.parametrize("reasoned", [SAY[2], {"reasoning": "Hm.", "solution": SAY[2]}])
def test_both_responses_of_falsereject_are_read(take, reasoned):
    row = {"prompt": ASK[0], "category_text": "Farm", "instruct_response": SAY[0], "cot_response": reasoned}
    [found] = take("train.jsonl", json.dumps(row))
    assert [(r.model, r.text) for r in found.responses] == [("falsereject", SAY[0]), ("falsereject-cot", SAY[2])]


def test_a_garak_report_of_two_runs_names_the_model_of_each(take):
    again = [{**GARAK[0], "plugins.target_name": "elm", "plugins.model_name": ""}, *GARAK[1:]]
    found = take("run.report.jsonl", lines([*GARAK, *again]))
    assert [record.responses[0].model for record in found if isinstance(record, Record)] == ["oak"] * 3 + ["elm"] * 3


def ls_result(control, kind, **value):
    return {"from_name": control, "to_name": "t", "type": kind, "value": value}


def test_results_with_a_key_of_their_own(write, take, refused):
    asked = [{"case_id": f"c{at}", "asked": q} for at, q in enumerate(ASK)]
    given = lines({"model_id": "oak", "case_id": f"c{at}", "text": r} for at, r in enumerate(SAY))
    mapping = ColumnMapping({Field.PROMPT: "request.asked", Field.RESPONSE: "text", Field.MODEL: "model_id"})
    found = take("out.jsonl", given, mapping=mapping, requests=write("in.jsonl", lines(asked)))
    assert [(r.prompt.text, r.responses[0].text) for r in found] == list(zip(ASK, SAY, strict=True))
    for name in ("Case_ID", "case id"):
        other = write("in.jsonl", lines({name: row["case_id"], "asked": row["asked"]} for row in asked))
        for results in (given, given.replace('"case_id"', '"Case_Id"')):
            assert prompts(take("out.jsonl", results, mapping=mapping, requests=other)) == list(ASK)
    twice = write("twice.jsonl", lines([*asked, {"case_id": "c0", "asked": "Is it late?"}]))
    assert "line 4: two rows have the case_id 'c0'" in refused("out.jsonl", given, mapping=mapping, requests=twice)


def test_label_studio_with_more_controls_and_own_names(write):
    results = [
        ls_result("label", "choices", choices=["Safe"]), ls_result("clarity", "choices", choices=["Clear"]),
        ls_result("why", "textarea", text=["Farm work."]), ls_result("answer", "choices", choices=["direct_answer"]),
        ls_result("box", "rectanglelabels", x=1, rectanglelabels=["Barn"]),
    ]  # fmt: skip
    data = {"ask": ASK[0], "say": SAY[0], "by": "oak"}
    tasks = [{"id": 1, "data": data, "annotations": [{"completed_by": 1, "result": results}]}]
    names = {Field.PROMPT: "data.ask", Field.RESPONSE: "data.say", Field.MODEL: "data.by"}
    path = write("tasks.json", json.dumps(tasks))
    with read_file(path, options=ReadOptions(mapping=ColumnMapping(names))) as file:
        [found] = list(file.records)
        tally = {c.column: dict(c.values) for c in file.tally.columns if c.field == "choice"}
    assert [(a.aspect, a.value) for a in found.annotations] == [(Aspect.LABEL, "safe"), (Aspect.NOTE, "Farm work.")]
    assert found.responses[0].annotations[0].value == A
    assert tally["clarity"] == {("Clear", "not read"): 1}
    assert tally["box"] == {("rectanglelabels", "not read"): 1}, "of another kind, and not dropped without a word"


FLAT = {"id": "0", "prompt": ASK[0], "label.responses": ["safe", "toxic"], "label.responses.users": ["u1", "u2"],
        "label.responses.status": ["submitted", "submitted"], "label.suggestion": "safe"}  # fmt: skip


def test_argilla_s_flat_table(take):
    cells = {k: str(v) for k, v in FLAT.items()}
    table = ",".join(cells) + "\n" + ",".join(f'"{v}"' for v in cells.values()) + "\n"
    for name, content, given in (("a.jsonl", json.dumps(FLAT), "argilla-flat"), ("a.csv", table, None)):
        [found] = take(name, content, format_name=given)
        assert [(a.annotator, a.value) for a in found.annotations] == [("u1", "safe"), ("u2", "toxic")]


STATES = [
    {"user_id": "ann", "instance_id_to_label_to_value": {"i1": [[{"schema": "safety", "name": "safe"}, "safe"]]}},
    {"user_id": "ann", "instance_id_to_label_to_value": {"i1": {"safety": {"safe": "true", "toxic": False}}}},
]


@pytest.mark.parametrize("state", STATES)
def test_potato_s_states_with_their_items(write, take, state):
    items = write("items.jsonl", json.dumps({"id": "i1", "text": ASK[0]}))
    [found] = take("user_state.json", json.dumps(state), requests=items)
    assert found.prompt.text == ASK[0]
    for kind in ("human", "llm"):
        path = write("user_state.json", json.dumps({**state, "origin": {"kind": kind}}))
        with read_file(path, options=ReadOptions(requests=items)) as file:
            assert len(file.tally.doubts) == (kind == "llm")
    assert [(a.annotator, a.value) for a in found.annotations] == [("ann", "safe")]
    row = {"user_id": "ann", "instance_id": "i1", "displayed_text": ASK[0], "label_annotations": {"s": {"toxic": "1"}}}
    [found] = take("annotated_instances.jsonl", json.dumps(row))
    assert found.annotations[0].value == "toxic"


def test_a_table_without_a_header_says_so(refused, write):
    rows = f"{ASK[0]},{SAY[0]}\n{ASK[1]},{SAY[1]}\n"
    assert "Its first row looks like data" in refused("x.csv", rows)
    with read_file(write("x.csv", rows), options=ReadOptions(mapping=ColumnMapping({Field.PROMPT: ASK[0]}))) as file:
        assert file.has_doubtful_header


def test_a_file_that_is_nearly_a_known_one_is_called_so(refused):
    text = refused("x.csv", "id,prompt,type,label,focus\n1,A,t,safe,f\n")
    assert "Closest: xstest-prompts, which needs the column note too." in text
    assert "Closest" not in refused("x.csv", "a,b,prompt\n1,2,3\n")
    assert "Closest" not in refused("x.csv", "prompt,response,model,label\n1,2,3,4\n"), "they are in many formats"


def test_arrow_files_and_workbooks(take, refused, tmp_path):
    table = pyarrow.table({"prompt": list(ASK), "category": ["hate"] * 3})
    for name, new in (("a.arrow", pyarrow.ipc.new_stream), ("b.arrow", pyarrow.ipc.new_file)):
        with new(str(tmp_path / name), table.schema) as writer:
            writer.write_table(table)
        assert prompts(take(tmp_path / name)) == list(ASK)
    assert "Save its sheet as" in refused("book.xlsx", b"PK\x03\x04 not a workbook")
    assert prompts(take("book.xlsx", workbook([("prompt", "category"), *((text, "hate") for text in ASK)]))) == list(
        ASK
    )


def workbook(cells, more="", sheets='<sheet name="S" sheetId="1" r:id="r"/>', styles=""):
    """A workbook with one sheet, as small as one can be; `more` follows its rows. A row or cell may be XML."""
    main, doc = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    kind = f"{doc}/officeDocument/2006/relationships"
    rel = (
        '<Relationships xmlns="{0}/package/2006/relationships"><Relationship Id="r" Type="{1}/{2}" Target="{3}"/>'
        "</Relationships>"
    )
    body = "".join(
        row
        if isinstance(row, str)
        else "<row>"
        + "".join(cell if cell[:1] == "<" else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row)
        + "</row>"
        for row in cells
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{doc}/package/2006/content-types"/>',
        "_rels/.rels": rel.format(doc, kind, "officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": rel.format(doc, kind, "worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{kind}"><sheets>{sheets}</sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>{more}</worksheet>',
    }
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return into.getvalue()


@pytest.mark.parametrize("column", ["reply", "completion", "output", "answer", "generation"])
def test_a_response_is_proposed_by_its_usual_names(write, column):
    proposal = preview_file(write("x.csv", f"question,{column},model\nA,B,oak\n")).proposal
    assert proposal.columns == {Field.PROMPT: "question", Field.RESPONSE: column, Field.MODEL: "model"}


def test_wide_tables_are_read_model_by_model(take):
    content = "q,alpha,beta,alpha_refused,beta_refused\nA,B,C,0,1\n"
    found = []
    for model in ("alpha", "beta"):
        mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: model, Field.IS_REFUSAL: f"{model}_refused"})
        found += take("x.csv", content, mapping=mapping, model=model)
    assert [(r.responses[0].model, r.responses[0].text) for r in found] == [("alpha", "B"), ("beta", "C")]
    assert classes(found) == [A, R]
    assert all(isinstance(record, Record) for record in found)


def test_a_reply_of_a_grader_in_an_evals_log_is_not_the_evaluated_model_s(write):
    asked = {
        "prompt": [{"role": "user", "content": f"Grade this: {SAY[0]}"}],
        "sampled": ["It is fine."],
        "model": "elm",
    }
    graded = {"run_id": "x", "event_id": 9, "sample_id": "s.0", "type": "sampling", "data": asked}
    failed = {**graded, "type": "error", "data": {"message": "Too late."}}
    with read_file(write("log.jsonl", lines([*EVALS[:-1], graded, failed]))) as file:
        assert [r.responses[0].model for r in file.records] == ["oak"] * len(ASK) + ["elm"]
        assert file.tally.notes["rows of another kind were not read (type: error)"] == 1
