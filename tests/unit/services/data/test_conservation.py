"""After an import, every value of a file is stored, or the report names it, with the number of missing ones."""

import json
import re
import shutil
import sqlite3
from itertools import combinations, count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbench_studio.errors import StudioError
from orbench_studio.services.data.import_files import NOT_READ, ColumnMapping, Field, ReadOptions, import_file
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace

TOKEN = re.compile(r"tk\d{4}")
PLACE = re.compile(r"\.\d+(?=\.|$)")
TEXTS = (None, "", "Words §.")
SHAPES = {
    "prompt": ("Ask §?", "Ask §?", "Ask again?", "Ask again?",
               [{"role": "system", "content": "Be §."}, {"role": "user", "content": "Ask §?"}],
               [{"role": "user", "content": "Ask §?", "name": "Ann §"}, {"role": "assistant", "content": "So §."}]),
    "system_prompt": TEXTS,
    "seed": TEXTS,
    "key": (None, "key §", "the same key"),
    "response": (*TEXTS, "The same.", ["So §.", "Or §."], {"role": "assistant", "content": "So §.", "why": "Hm §."},
                 [{"type": "text", "text": "So §."}, {"type": "tool_use", "name": "oven §"}]),
    "model": (None, "oak §", "elm"),
    "error": (None, "none", "Fault §"),
    "stop_reason": (None, "stop", "Odd §"),
    "sample": (None, "1"),
    "answer_class": (None, "refusal", "Odd §", "ignored", ["refusal", "refusal", "Odd §"]),
    "judge": (None, "jay §", "kay"),
    "annotator": (None, "ann §", "bob"),
    "reason": TEXTS,
    "prompt_verdict": (None, "safe", "Odd §", "ignored"),
    "response_verdict": (None, "safe", "Odd §", "ignored"),
    "moderator": (None, "guard §", "watch"),
    "explanation": TEXTS,
    "other": (None, {"inner": "More §"}),
}  # fmt: skip
"""What the cells of each field may hold; a new token is put in each place of §. The last column is not mapped."""
TABLES = ("prompts", "seeds", "responses", "votes", "judgements", "annotations", "models", "judges", "annotators")
WORDS = {
    "prompt": ("earlier turns", "reply", "responses were skipped", "another text"),
    "response": ("responses were skipped",),
    "key": ("keys", "key than", "same key"),
}
INSIDE = (
    lambda value: {"v": value},
    lambda value: {"v": value, "more": "More §"},
    lambda value: value,
    lambda value: {"more": value},
    lambda value: [value],
    lambda value: [{"v": value}, {"v": "So §."}],
    lambda value: {"v": [value, None, "So §."]},
    lambda value: {"v": [["So §.", "Or §."], value]},
)
"""Where a value may be in a cell to which a path `….v` is mapped."""
ROWS = st.fixed_dictionaries(
    {name: st.tuples(st.integers(0, len(shapes) - 1), st.sampled_from(INSIDE)) for name, shapes in SHAPES.items()}
)
FILES = st.lists(st.lists(ROWS, min_size=1, max_size=3), min_size=1, max_size=2)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    path = tmp_path_factory.mktemp("conservation") / "empty.orbench"
    create_workspace(path).close()
    return path


def filled(shape, numbers):
    """The shape with tokens."""
    return json.loads(re.sub("§", lambda _: f"tk{next(numbers):04}", json.dumps(shape, ensure_ascii=False)))


def places(value, path):
    """Each token in a value, with the names on the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, f"{path}.{at}")
    else:
        yield from ((token, path) for token in TOKEN.findall(str(value)))


def texts_in(value):
    """Each text in a value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {value} if isinstance(value, str) else {text for part in parts for text in texts_in(part)}


def responses(path):
    """The texts of the responses in a workspace."""
    with sqlite3.connect(path) as db:
        return {text for (text,) in db.execute("SELECT text FROM responses")}


def stored(path):
    """All texts in the tables of a workspace, and the number of rows of each table."""
    with sqlite3.connect(path) as db:
        tables = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}  # noqa: S608 - our names
    return str(tables), {name: len(rows) for name, rows in tables.items()}


def named(report):
    """The columns and paths that the report names as not imported."""
    lists = (re.search(r"not imported \((.*)\)$", note) for note in report.notes)
    return {name for found in lists if found for name in found[1].split(", ")}


def leads(path, name):
    """Whether a name is that of a path or of what it is in; the places in lists may be left out, or be the last."""
    bare_path, bare_name = (PLACE.sub("", each) for each in (path, name))
    return f"{bare_path}.".startswith(f"{bare_name}.") and all(at in path for at in PLACE.findall(name))


def counts(report, field):
    """The numbers of the report about values of a field that are not stored."""
    for column in report.values:
        if column.field == field:
            yield from (number for (_, became), number in column.values.items() if became in (NOT_READ, "unknown"))
            yield from column.not_stored.values()
    words = (*WORDS.get(field, ()), f"another {field.replace('_', ' ')} ")
    yield from (number for note, number in report.notes.items() if any(word in note for word in words))
    warnings = (warning for warning in report.warnings if any(word in warning for word in words))
    yield from (int(number) for warning in warnings for number in re.findall(r"\b\d+\b", warning))


def unaccounted(report, texts, rows):
    """The fields of which values are missing that the report does not count, with their paths."""
    rejected = {fault.line for fault in report.rejected_rows}
    read = [row for line, row in enumerate(rows, start=1) if line not in rejected]
    samples = [max(1, len(texts_in(row["response"]))) for row in read]
    for field in SHAPES:
        lost = [{path for token, path in places(row[field], field) if token not in texts} for row in read]
        lost = [{path for path in of if not any(leads(path, name) for name in named(report))} for of in lost]
        least, numbers = sum(map(bool, lost)), sorted(counts(report, field))
        most = sum(number for number, of in zip(samples, lost, strict=True) if of)  # a value counts for each response
        sums = (sum(some) for size in range(len(numbers) + 1) for some in combinations(numbers, size))
        if not any(least <= number <= most for number in sums):
            yield field, least, numbers, lost


@settings(max_examples=90, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=FILES,
    mapped=st.sets(st.sampled_from(sorted(SHAPES)[:-1])),
    inside=st.sets(st.sampled_from(sorted(SHAPES)[:-1])),
    options=st.booleans(),
)
def test_every_value_is_stored_or_counted(empty, tmp_path, files, mapped, inside, options):
    workspace, numbers, known = Path(mkdtemp(dir=tmp_path)) / "w.orbench", count(1), set()
    shutil.copy(empty, workspace)
    columns = ColumnMapping({
        Field(name): f"{name}.v" if name in inside else name
        for name in SHAPES if name in mapped | {"prompt"} and name != "other"
    })  # fmt: skip
    names = {"model": "oak", "moderator": "guard"} | ({"judge": "jay", "annotator": "ada"} if options else {})
    coded = columns.columns.keys() & {Field.ANSWER_CLASS, Field.PROMPT_VERDICT, Field.RESPONSE_VERDICT}
    meanings = {"ignored": ""} if coded else {}
    with open_workspace(workspace) as opened:
        for drawn in files:
            rows = [
                {
                    name: filled(into(SHAPES[name][at]) if name in inside else SHAPES[name][at], numbers)
                    for name, (at, into) in row.items()
                }
                for row in drawn
            ]
            path = tmp_path / "rows.jsonl"
            path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
            before = stored(workspace)[1]
            try:
                report = import_file(opened, path, ReadOptions(mapping=columns, meanings=meanings, **names))
            except StudioError:
                continue
            texts, after = stored(workspace)
            assert report.imported + report.duplicates + report.rejected == len(rows)
            added = {name: after[name] - before[name] for name in after if name in TABLES[:6]}
            assert report.added == {name: number for name, number in added.items() if number}
            assert list(unaccounted(report, texts, rows)) == []
            known |= {"", *(text for row in rows for name in ("prompt", "response") for text in texts_in(row[name]))}
            assert responses(workspace) <= known
