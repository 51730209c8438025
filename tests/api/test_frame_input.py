"""Data frames and arguments that the Python interface cannot use: a sentence that says why, and nothing half done."""

import re

import numpy as np
import pandas as pd
import pytest

import orbench_studio as ob

ROWS = pd.DataFrame(
    {"q": ["How do I kill a process?", "How do I shoot a film?"], "m": "a/m", "r": ["I cannot.", "Sure."]}
)
FIELDS = {"prompt": "q", "model": "m", "response": "r"}
SAFE = pd.DataFrame({"prompt_id": [1, 2], "label": "safe"})


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    with ob.create(tmp_path_factory.mktemp("input") / "new.orbench") as opened:
        opened.import_frame(ROWS, FIELDS)
        yield opened


def size(ws):
    return len(ws.prompts()), len(ws.responses()), len(ws.annotations())


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (ROWS, {"promt": "q"}, "'promt' is not a field. Fields: prompt, "),
        (ROWS, {"q": "prompt"}, "'q' is not a field. Write each field before its column."),
        (ROWS, {"response": "r"}, "No column is matched to the field 'prompt'"),
        (ROWS, {"prompt": "text"}, "has no column 'text'. Columns: 'q', 'm', 'r'."),
        (ROWS.set_index("q"), {"prompt": "q"}, "'q' is in the index of the data frame"),
        (ROWS.set_axis(["q", "q", "r"], axis=1), {"prompt": "q"}, "has 2 columns named 'q'"),
        (pd.concat({"a": ROWS}, axis=1), {"prompt": "q"}, "several levels"),
        (ROWS.iloc[:0], FIELDS, "no rows"),
        (
            ROWS.assign(q=pd.Series(["a text", 5], dtype="object")),
            FIELDS,
            "The values of the column 'q' cannot be read",
        ),
        (ROWS["q"], {"prompt": "q"}, "DataFrame is needed, not Series"),
        (ROWS.assign(x=[1, 2]), {**FIELDS, "is_refusal": "x"}, "Pass meanings={'VALUE': 'MEANING'}."),
    ],
)
def test_a_frame_that_cannot_be_imported(ws, frame, columns, message):
    before = size(ws)
    with pytest.raises(ob.StudioError, match=re.escape(message)):
        ws.import_frame(frame, columns)
    assert size(ws) == before


@pytest.mark.parametrize("name", ["", "a/b", "..\\b", "a:b", "a\0b", "x" * 101])
def test_a_name_that_no_source_can_have(ws, name):
    with pytest.raises(ob.StudioError, match="cannot be the name of a source"):
        ws.import_frame(ROWS, FIELDS, name=name)


def test_every_type_of_column_can_be_imported(tmp_path):
    frame = pd.DataFrame(
        {
            0: pd.Categorical(["kill it", "shoot it", "hang it"]),
            "at": pd.date_range("2026-01-01", periods=3, tz="Asia/Shanghai"),
            "r": [{"text": "I cannot."}, {"text": "Sure."}, {"text": np.nan}],
            "refused": pd.array([1, 0, pd.NA], dtype="Int64"),
            "m": "a/m",
        }
    )
    fields = {"prompt": 0, "key": "at", "response": "r.text", "is_refusal": "refused", "model": "m"}
    with ob.create(tmp_path / "new.orbench") as ws:
        ws.import_frame(frame, fields)
        assert ws.prompts()["prompt"].tolist() == ["kill it", "shoot it", "hang it"]
        assert ws.responses()["response"].tolist()[:2] == ["I cannot.", "Sure."]
        assert ws.responses()["reference_class"].tolist()[:2] == ["direct_refusal", "direct_answer"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"prompt_id": [1, 99]}, "Row 2: there is no prompt 99 in the workspace"),
        ({"prompt_id": [1, 1.5]}, "Row 2: prompt_id is 1.5, but must be a whole number"),
        ({"prompt_id": [1, "two"]}, "Row 2: prompt_id is 'two'"),
        ({"prompt_id": [1, 2**70]}, "but must be a whole number"),
        ({"prompt_id": pd.array([1, pd.NA], dtype="Int64")}, "Row 2 needs prompt_id and label"),
        ({"label": ["safe", "harmless"]}, "Row 2: 'harmless' is not a valid label"),
        ({"label": ["safe", np.nan]}, "Row 2 needs prompt_id and label"),
        ({"label": None, "response_id": [1, 99], "answer_class": "direct_refusal"}, "Row 2: there is no response 99"),
        ({"answer_class": "direct_refusal"}, "Row 1 needs prompt_id and label, or response_id and answer_class"),
    ],
)
def test_an_invalid_annotation_and_none_is_recorded(ws, changed, message):
    with pytest.raises(ob.StudioError, match=re.escape(message)):
        ws.add_annotations(SAFE.assign(**changed), annotator="ada")
    assert ws.annotations().empty


def test_a_prompt_that_is_deleted_meanwhile_and_no_annotation_is_recorded(ws, monkeypatch):
    known = dict.fromkeys((1, 2, 99))
    monkeypatch.setattr("orbench_studio.store.core.prompts.categories", lambda *_: known)
    with pytest.raises(ob.StudioError, match="prompt 99"):
        ws.add_annotations(SAFE.assign(prompt_id=[1, 99]), annotator="ada")
    assert ws.annotations().empty


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ws: ws.add_annotations(SAFE.to_dict(), "ada"), "DataFrame is needed, not dict"),
        (
            lambda ws: ws.add_annotations(SAFE.set_axis(["label", "label"], axis=1), "ada"),
            "has 2 columns named 'label'",
        ),
        (lambda ws: ws.import_frame(ROWS, FIELDS, modle="a/m"), "Unknown option 'modle'. Options: moderator"),
        (lambda ws: ws.import_files("none.csv", mend=["typos"]), "mend is 'typos', but must be one of"),
        (lambda ws: ws.prompts(columns=[]), "Name at least one column. Columns: prompt_id"),
        (lambda ws: ws.prompts(filter="refused:>=two"), "“>=two” is not a value for “refused:”"),
        (lambda ws: ws.export("out", "xlsx"), "form is 'xlsx', but must be one of: orbench"),
        (lambda ws: ws.export("out", "csv", filter="colour:blue"), "“colour:” is not a condition"),
        (lambda ws: ws.curate("hart"), "no recipe 'hart'. Built-in recipes: "),
        (lambda ws: ws.curate("sise = 5"), "Unknown key “sise”"),
        (lambda ws: ws.what_if("rude"), "drop is 'rude', but must be one of"),
    ],
)
def test_an_invalid_argument_is_a_studio_error(ws, call, message):
    with pytest.raises(ob.StudioError, match=re.escape(message)):
        call(ws)


def test_a_filter_that_no_prompt_meets_is_a_warning(ws):
    with pytest.warns(UserWarning, match="No prompt meets the condition category:privaci"):
        assert ws.prompts(filter="category:privaci").empty


def test_a_closed_workspace_stays_closed(tmp_path):
    ws = ob.create(tmp_path / "new.orbench")
    ws.close()
    ws.close()
    assert "closed" in repr(ws)
    with pytest.raises(ob.StudioError, match="was closed"):
        ws.prompts()
