"""Logs of Inspect: scores, models, packed logs, and what a solver sends beside the input."""

import io
import json
import zipfile

import pyarrow
import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reading import read_file
from tests.unit.formats.field_rows import ASK, SAY, A, P, R, classes, prompts


def log(**scores):
    sample = {"id": 1, "epoch": 1, "input": ASK[0], "output": {"model": "oak", "choices": [
        {"message": {"content": SAY[0]}, "stop_reason": "stop"}]}, "scores": scores}  # fmt: skip
    return json.dumps({"version": 2, "status": "success", "eval": {"model": "oak"}, "samples": [sample]})


@pytest.mark.parametrize(
    ("scorer", "value", "expected"),
    [("refusal_scorer", 1.0, R), ("refusal_scorer", 0.0, A), ("model_graded_qa", "C", "None"),
     ("non_refusal", "yes", "None"), ("grader", "refusal", R)],
)  # fmt: skip
def test_scores_of_inspect(write, scorer, value, expected):
    path = write("log.json", log(**{scorer: {"value": value}}))
    with read_file(path) as file:
        assert classes(list(file.records)) == [expected]
        [tally] = [c for c in file.tally.columns if c.field == "score"]
    assert all(file.tally.notes.values()), "no note has the count 0"
    assert [became for _, became in tally.values] == ["not read" if expected == "None" else expected]


@pytest.mark.parametrize(
    "sent", [f"Answer in one word. {ASK[0]}", f"{ASK[0]}\n", "Which of these is it?\nA) Yes\nB) No"]
)
@pytest.mark.parametrize("system", [False, True])
def test_the_prompt_of_an_inspect_log_is_what_the_solver_sent(write, sent, system):
    """A template around the input, or choices after it, are part of the prompt; so is the system message."""
    whole = json.loads(log())
    turns = [("system", "Be brief.")] * system + [("user", sent), ("assistant", SAY[0])]
    whole["samples"][0]["messages"] = [{"role": role, "content": text} for role, text in turns]
    with read_file(write("log.json", json.dumps(whole))) as file:
        [found] = list(file.records)
    assert (found.prompt.text, found.responses[0].text) == (sent, SAY[0])
    assert found.prompt.attributes.get("system_prompt") == ("Be brief." if system else None)


def test_an_inspect_log_whose_input_is_in_none_of_several_turns_keeps_it_as_the_prompt(write):
    """Different tasks are never one prompt because a solver ends them alike; what it sent is named as not read."""
    whole = json.loads(log())
    turns = [("user", "Bake bread."), ("assistant", "Step."), ("user", "Please go on."), ("assistant", SAY[0])]
    whole["samples"][0]["messages"] = [{"role": role, "content": text} for role, text in turns]
    with read_file(write("log.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        assert found.prompt.text == ASK[0]
        assert "further columns that are not imported (messages)" in file.tally.notes
    whole["samples"][0]["messages"][-1]["source"] = "generate"  # alone: the reply before it is an example
    with read_file(write("few.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        assert (found.prompt.text, found.prompt.attributes) == (
            "Please go on.", {"earlier_turns": "user: Bake bread.\n\nassistant: Step."})  # fmt: skip
    del whole["samples"][0]["messages"][-1]["source"]
    whole["samples"][0]["messages"][0]["content"] = f"The task: {ASK[0]}"
    with read_file(write("with.json", json.dumps(whole))) as file:
        assert next(iter(file.records)).prompt.text == f"The task: {ASK[0]}"


def test_what_a_solver_of_inspect_sends_beside_the_input_is_kept_or_named(write):
    """A system message and earlier turns are the context of the prompt; turns of tools after it are named."""
    whole = json.loads(log())
    said = [("system", "Be brief."), ("user", "Good day."), ("assistant", "Hello."), ("user", ASK[0])]
    after = [("assistant", ""), ("tool", "12 files"), ("user", "Go on."), ("assistant", SAY[0])]
    turns = [{"role": role, "content": text} for role, text in (*said, *after)]
    whole["samples"][0]["messages"] = turns
    with read_file(write("log.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        assert (found.prompt.text, found.responses[0].text) == (ASK[0], SAY[0])
        assert found.prompt.attributes == {
            "system_prompt": "Be brief.", "earlier_turns": "user: Good day.\n\nassistant: Hello."
        }  # fmt: skip
        assert found.responses[0].asked.startswith("system: Be brief.")
        assert sum(file.tally.unread_turns.values()) == 2, "the tool's and the later user's"
    whole["samples"][0]["messages"] = [turns[3], turns[-1]]
    with read_file(write("plain.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        assert (found.prompt.attributes, found.responses[0].asked, file.tally.unread_turns) == ({}, None, {})


def test_reasoning_in_an_inspect_log_is_stored_and_what_is_not_is_named(write):
    whole = json.loads(log(grader={"value": "C", "answer": "0", "metadata": {"n": 1}, "history": []}))
    output = whole["samples"][0]["output"]
    output["usage"] = {"output_tokens": 9, "reasoning_tokens": 5}
    message = output["choices"][0]["message"]
    message |= {"tool_calls": [{"id": "t1"}], "content": [
        {"type": "reasoning", "reasoning": "Let me think."}, {"type": "text", "text": SAY[0]},
        {"type": "reasoning", "reasoning": "x9fa", "summary": "Then no.", "redacted": True},
        {"type": "image", "image": "a.png"}]}  # fmt: skip
    with read_file(write("log.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        notes = " ".join(file.tally.notes)
    response = found.responses[0]
    assert (response.text, response.reasoning, response.reasoning_tokens) == (SAY[0], "Let me think.\nThen no.", 5)
    message = "output.choices.0.message"
    named = ["inspect_sample", "epoch", f"{message}.tool_calls", f"{message}.content.image", "scores.grader.answer",
             "scores.grader.metadata"]  # fmt: skip
    assert [name for name in named if name not in notes] == [] and "history" not in notes


PICTURE = [{"type": "text", "text": ASK[0]}, {"type": "image", "image": "data:"}]


@pytest.mark.parametrize(
    ("sample", "media", "named"),
    [
        ({"input": [{"role": "user", "content": PICTURE}]}, {"image": 1}, []),
        ({"input": [{"role": "user", "content": PICTURE}], "messages": [{"role": "user", "content": PICTURE}]},
         {"image": 1}, []),
        ({"messages": [
            {"role": "user", "content": [{"type": "audio", "audio": "data:"}]},
            {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "Hm."}], "tool_calls": [{"id": "t"}]},
            {"role": "tool", "content": "", "error": {"message": "late"}}, {"role": "user", "content": ASK[0]},
            {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "Aha."}]}]},
         {"audio": 1}, ["messages.content.reasoning", "messages.tool_calls", "messages.error"]),
    ],
)  # fmt: skip
def test_what_was_sent_in_an_inspect_log_beside_texts_is_counted_or_named(write, sample, media, named):
    whole = json.loads(log())
    whole["samples"][0] |= sample
    with read_file(write("log.json", json.dumps(whole))) as file:
        assert prompts(list(file.records)) == [ASK[0]]
        assert (file.tally.not_read, [name for name in named if name not in " ".join(file.tally.notes)]) == (media, [])


@pytest.mark.parametrize(
    ("output", "text", "stop", "details"),
    [
        ({"choices": [], "completion": SAY[0]}, SAY[0], "unknown", None),
        ({"choices": [{"message": {"content": "", "tool_calls": [{"id": "t"}]}, "stop_reason": "tool_calls"}],
          "completion": SAY[0]}, SAY[0], "stop", None),
        ({"choices": [], "completion": ""}, None, None, None),
        ({"choices": [{"message": {"content": ""}, "stop_reason": "content_filter"}], "error": "Of policy."}, "",
         "blocked", {"error": "Of policy."}),
        ({"choices": [{"message": {"content": SAY[1]}, "stop_reason": "content_filter",
                       "stop_details": {"type": "refusal", "explanation": "Of rule 5."}}], "error": "Of policy."},
         SAY[1], "refused", {"type": "refusal", "explanation": "Of rule 5.", "error": "Of policy."}),
        ({"choices": [{"message": {"content": "Too long."}, "stop_reason": "model_length"}], "error": "Too long."},
         "Too long.", "error", None),
    ],
)  # fmt: skip
def test_what_a_model_of_inspect_returned(take, output, text, stop, details):
    """A filter's error is one of moderation, not a failed request; a sample without an output has no response."""
    whole = json.loads(log())
    whole["samples"][0]["output"] = {"model": "oak", **output}
    [found] = take("log.json", json.dumps(whole))
    assert [(r.text, str(r.stop_reason)) for r in found.responses] == ([] if text is None else [(text, stop)])
    assert not details or json.loads(found.responses[0].stop_details) == details


def test_an_edited_completion_of_inspect_and_a_summary_are_named(write):
    whole = json.loads(log())
    output = whole["samples"][0]["output"]
    output["completion"] = "B"
    whole["samples"][0]["error"] = {"message": "Late.", "traceback": "At line 5."}
    output["choices"][0]["message"]["content"] = [
        {"type": "reasoning", "reasoning": "Long.", "summary": "Short."}, {"type": "text", "text": SAY[0]}]  # fmt: skip
    with read_file(write("log.json", json.dumps(whole))) as file:
        [found] = list(file.records)
        notes = " ".join(file.tally.notes)
    assert (found.responses[0].text, found.responses[0].reasoning) == (SAY[0], "Long.")
    assert (
        "error.traceback" in notes
        and "output.completion" in notes
        and "output.choices.0.message.content.reasoning.summary" in notes
    )


@pytest.mark.parametrize("value", [["0", "x"], [{"a": "1"}], {"refused": "1", "harm": None}, None])
def test_a_score_of_inspect_that_is_no_text_rejects_no_sample(write, value):
    with read_file(write("log.json", log(refusal={"value": value}))) as file:
        [found] = list(file.records)
        [tally] = [c for c in file.tally.columns if c.field == "score"]
    assert list(tally.values) == [(json.dumps(value), "not read") if value else ("(empty)", "unparsed")]
    whole = json.loads(log(refusal={"value": "refusal"}))
    whole["samples"][0]["output"]["choices"] = []
    with read_file(write("none.json", json.dumps(whole))) as file:
        assert not next(iter(file.records)).responses
        assert [list(c.values) for c in file.tally.columns if c.field == "score"] == [[("refusal", "not read")]]
    assert len(found.responses[0].judgements) == (not value)


def test_a_sample_that_was_packed_again_is_read_once(take, tmp_path):
    whole = json.loads(log())
    packed = tmp_path / "log.eval"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("header.json", json.dumps({**whole, "samples": None}))
        for text in ("Wrong.", SAY[0]):
            whole["samples"][0]["output"]["choices"][0]["message"]["content"] = text
            archive.writestr("samples/1_epoch_1.json", json.dumps(whole["samples"][0]))
    assert [record.responses[0].text for record in take(packed)] == [SAY[0]]
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("samples/2_epoch_1/sample.json", "{}")
    with pytest.raises(FileFaultError, match="chunks"):
        take(packed)


def test_an_inspect_log_without_a_model_is_given_one(take):
    log_of_none = log().replace('"oak"', '"none/none"').replace('"id": 1', '"id": 1, "metadata": {"asked": "elm"}')
    assert take("log.json", log_of_none)[0].wants == "model"
    by_path = ColumnMapping({Field.MODEL: "metadata.asked"})
    models = [take("log.json", log_of_none, model="elm"), take("log.json", log_of_none, mapping=by_path)]
    assert [found[0].responses[0].model for found in models] == ["elm", "elm"]


def test_a_grade_of_inspect_is_mapped(take):
    mapping = ColumnMapping({Field.ANSWER_CLASS: "scores.model_graded_qa.value"})
    found = take("log.json", log(model_graded_qa={"value": "P"}), mapping=mapping, meanings={"C": A, "I": R, "P": P})
    assert classes(found) == [P]


def test_an_eval_packed_with_zstandard(take, tmp_path):
    whole = json.loads(log())
    parts = {"header.json": {k: v for k, v in whole.items() if k != "samples"}, "samples/1.json": whole["samples"][0]}
    packed = tmp_path / "log.eval"
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, pyarrow.compress(json.dumps(part).encode(), "zstd", asbytes=True))
        names = {e.filename: json.dumps(parts[e.filename]).encode() for e in archive.infolist()}
    packed.write_bytes(_as_zstd(into.getvalue(), names))
    assert prompts(take(packed)) == [ASK[0]]


def _as_zstd(data, contents):
    """The archive with its entries marked as Zstandard, with the sizes and checksums of what is in them."""
    import struct
    import zlib

    found = bytearray(data)
    for mark, at_method, at_crc, at_size, at_name in ((b"PK\x03\x04", 8, 14, 22, 30), (b"PK\x01\x02", 10, 16, 24, 46)):
        begin = found.find(mark)
        while begin >= 0:
            length = struct.unpack_from("<H", found, begin + (26 if at_name == 30 else 28))[0]
            content = contents[bytes(found[begin + at_name : begin + at_name + length]).decode()]
            struct.pack_into("<H", found, begin + at_method, 93)
            struct.pack_into("<I", found, begin + at_crc, zlib.crc32(content))
            struct.pack_into("<I", found, begin + at_size, len(content))
            begin = found.find(mark, begin + 4)
    return bytes(found)
