"""Whatever stands in a file to import, it gives rows, refused rows, or a sentence; never another exception."""

import csv
import io
import json
import os
import random
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from orbench_studio.errors import StudioError
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.data.import_files import ReadOptions, import_file, inspect_file, preview_file
from orbench_studio.services.judging.judge_files import Columns, FileJudging, examples_in
from tests.horrors import as_cell, as_json, damaged, spoiled
from tests.reader_samples import HEAD, SAMPLES

NAMES = list(SAMPLES)
KINDS = ("csv", "jsonl", "json", "parquet")


def content(name, kind, rows):
    """The rows as a file of the kind; a log of Inspect is JSON or its own format."""
    if name == "inspect-log":
        return log(kind, rows)
    if kind == "csv":
        return table(rows)
    if kind == "parquet":
        into = io.BytesIO()
        pyarrow.parquet.write_table(
            pyarrow.Table.from_pylist([{k: as_cell(v) for k, v in r.items()} for r in rows]), into
        )
        return into.getvalue()
    lines = [as_json(row) for row in rows]
    return ("\n".join(lines) if kind == "jsonl" else f"[{', '.join(lines)}]").encode()


def log(kind, rows, packed=zipfile.ZIP_DEFLATED):
    if kind != "eval":
        return (json.dumps(HEAD)[:-1] + f', "samples": [{", ".join(map(as_json, rows))}]}}').encode()
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", packed) as archive:
        archive.writestr("header.json", json.dumps(HEAD))
        for number, row in enumerate(rows):
            archive.writestr(f"samples/{number}_epoch_1.json", as_json(row))
    return into.getvalue()


def table(rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows([as_cell(row.get(name)) for name in rows[0]] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def kinds(name):
    return ("json", "eval") if name == "inspect-log" else KINDS


CASES = [(name, kind) for name in NAMES for kind in kinds(name)]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_samples_are_taken(path, workspace, tmp_path, name, kind):
    stem, row = SAMPLES[name]
    file = tmp_path / f"{stem}.{kind}"
    file.write_bytes(content(name, kind, [row]))
    report = import_file(workspace, file, ReadOptions(), format_name=None if name != "mapped" else "mapped")
    assert (report.format, report.imported, report.rejected) == (name, 1, 0)


def check_any_value(workspace, folder, name, kind):
    """Import each value in each place: a row is imported, a duplicate, or rejected."""
    stem, row = SAMPLES[name]
    rows = [row, *spoiled(row)]
    if kind == "jsonl":
        rows = [row, *(one for one in rows if set(one) <= set(row))]
    path = folder / f"{stem}.{kind}"
    path.write_bytes(content(name, kind, rows))
    report = import_file(workspace, path, ReadOptions(), format_name=name)
    assert report.imported + report.duplicates + report.rejected == len(rows)
    assert report.imported + report.duplicates and report.rejected
    assert all(fault.reason.isprintable() and len(fault.reason) < 500 for fault in report.rejected_rows)


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[1] in ("csv", "jsonl", "eval")])
def test_any_value_in_any_place_is_taken_or_refuses_its_row(path, workspace, tmp_path, name, kind):
    check_any_value(workspace, tmp_path, name, kind)


@pytest.mark.usefixtures("server_only")
@pytest.mark.parametrize("name", [name for name in NAMES if "jsonl" in kinds(name)])
def test_any_value_is_taken_or_refuses_its_row_on_a_server(workspace, tmp_path, name):
    """JSON has the most types of values; the files of other kinds are read the same way for both databases."""
    check_any_value(workspace, tmp_path, name, "jsonl")


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_any_damage_to_the_bytes_is_explained(tmp_path, name, kind):
    stem, row = SAMPLES[name]
    path = tmp_path / f"{stem}.{kind}"
    for bad in damaged(content(name, kind, [row, row])):
        path.write_bytes(bad)
        for read in (preview_file, lambda file: inspect_file(file, ReadOptions(), format_name=name)):
            try:
                read(path)
            except StudioError as error:
                assert path.name in str(error)


def explained(read, path):
    """Read it; what it cannot give is told in a sentence."""
    try:
        return read(path)
    except StudioError as error:
        assert path.name in str(error)
        return None


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_any_damage_to_an_archive_is_explained(tmp_path, packed):
    whole = log("eval", [SAMPLES["inspect-log"][1]], packed)
    central = whole.index(b"PK\x01\x02")
    chance = random.Random(packed)
    spoilt = [bytes([*whole[:at], whole[at] ^ 1 << chance.randrange(8), *whole[at + 1 :]]) for at in range(len(whole))]
    spoilt.append(whole[: central + 8] + b"\1" + whole[central + 9 :])  # encrypted
    spoilt += [whole[: central + 10] + bytes([way]) + whole[central + 11 :] for way in (1, 9, 93, 95, 98)]
    path = tmp_path / "log.eval"
    for content in spoilt[:: 1 if packed else 4]:
        path.write_bytes(content)
        explained(lambda file: inspect_file(file, ReadOptions()), path)


@pytest.mark.parametrize("eval_of", [None, [], "x", 1, {}, {"model": None}, {"model": []}, {"model": "m" * 5000}])
@pytest.mark.parametrize("samples", [None, [], "x", {}, [None], [1], ["x"], [[]], [{}], 1])
def test_any_log_is_read_or_explained(tmp_path, eval_of, samples):
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**HEAD, "eval": eval_of, "samples": samples}), encoding="utf-8")
    explained(lambda file: inspect_file(file, ReadOptions()), path)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_any_value_is_judged_or_refuses_its_row(tmp_path, kind):
    row = {"prompt": "May I?", "response": "No.", "label": "refusal"}
    rows = [row, *(one for one in spoiled(row) if set(one) <= set(row))]
    path = tmp_path / f"a.{kind}"
    path.write_bytes(content("mapped", kind, rows))
    judged = list(FileJudging(path, Columns("prompt", "response"), RuleInstrument()).rows())
    assert len(judged) == len(rows)
    explained(lambda file: examples_in(file, Columns("prompt", "response", "label")), path)


def test_a_file_may_have_a_name_that_is_no_text(workspace, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_text("prompt,category\nMay I?,hate\n", encoding="utf-8")
    report = import_file(workspace, path, ReadOptions())
    assert (report.imported, report.file) == (1, "caf?.csv")
