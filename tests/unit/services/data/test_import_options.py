"""Every option of an import against every format: it changes what is read, or a sentence says that it has no effect."""

import json

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reading import read_file
from orbench_studio.services.data.import_files import ReadOptions, inspect_file
from tests.reader_samples import HEAD, SAMPLES
from tests.unit.formats.field_rows import PROMPTFOO, SORRY

FORMATS = {**SAMPLES, "promptfoo": ("out", PROMPTFOO), "sorry-bench": ("question", SORRY[0])}
OPTIONS = {
    **{name: {name: "unusual"} for name in ("model", "moderator", "judge", "annotator", "rows")},
    "value": {"meanings": {"unusual": "refusal"}},
    "value of a column": {"meanings": {"prompt:unusual": "refusal"}},
    "no-header": {"header": 0},
    "header": {"header": 3},
}
OWN = ColumnMapping({Field.PROMPT: "question", Field.RESPONSE: "answer", Field.MODEL: "model"})


def read(path, **given):
    """The records and the warnings of a file, or why it is refused."""
    options = ReadOptions(**given)
    try:
        with read_file(path, options=options) as file:
            records = repr(list(file.records))
        return records, inspect_file(path, options).warnings
    except FileFaultError as error:
        return str(error), []


@pytest.mark.parametrize("name", FORMATS)
def test_no_option_is_without_effect_or_a_sentence(name, tmp_path):
    stem, row = FORMATS[name]
    whole = {**HEAD, "samples": [row]} if name == "inspect-log" else row
    path = tmp_path / f"{stem}.{'json' if name in ('inspect-log', 'promptfoo') else 'jsonl'}"
    path.write_text(json.dumps(whole), encoding="utf-8")
    requests = tmp_path / "requests.jsonl"
    requests.write_text(json.dumps({"unusual": 1}), encoding="utf-8")
    usual = {"mapping": OWN} if name == "mapped" else {}
    plain = read(path, **usual)
    options = {**OPTIONS, "requests": {"requests": requests}}
    if name != "mapped":
        options["column"] = {"mapping": ColumnMapping({Field.KEY: "unusual"})}
    silent = [option for option, given in options.items() if read(path, **usual, **given) == plain]
    assert silent == []
