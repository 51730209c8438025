"""What reading holds in memory is a multiple of the largest record, and its time grows with the header's length."""

import gzip
import json
import os
import subprocess
import sys
import time
import zipfile
from functools import cache
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

import orbench_studio
from orbench_studio.errors import StudioError
from orbench_studio.formats import byte_source
from orbench_studio.services.data.import_files import ReadOptions, inspect_file, preview_file
from tests.reader_samples import HEAD, SAMPLES

ROOT = Path(orbench_studio.__file__).parents[1]
MB = 2**20
# A process of its own for each file: what another has freed would hide what this one takes. They are forked from one
# that has imported everything.
PEAK = """
import os, resource, sys
from pathlib import Path
import pyarrow.parquet
from orbench_studio.errors import StudioError
from orbench_studio.services.data.import_files import ReadOptions, inspect_file
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
small, *files = map(Path, sys.argv[1:])
small.write_text("prompt,category\\na,hate\\n")
inspect_file(small, ReadOptions())
for file in files:
    if os.fork() == 0:
        before, message = peak(), ""
        try:
            inspect_file(file, ReadOptions())
        except StudioError as error:
            message = str(error)
        print(peak() - before, message, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""
TEXT = "x" * 4_000_000
SAMPLE = SAMPLES["inspect-log"][1]


@cache
def sample_with_events():
    events = [{"event": "model", "at": number, "t": "a b"} for number in range(400_000)]
    return json.dumps({**SAMPLE, "events": events})


def csv_cell(path):
    path.write_text(f'prompt,category\n"{TEXT}",hate\n' * 8, encoding="utf-8")


def csv_cells(path):
    path.write_text("prompt,category\n" + "ab," * 5_000_000, encoding="utf-8")


def csv_lines(path):
    path.write_text("prompt,category\n" + ('"a\nb",' + "ab," * 200_000) * 20, encoding="utf-8")


def emoji(path):
    path.write_text('{"prompt": "😀' + TEXT + '", "category": "hate"}\n', encoding="utf-8")


def dense_line(path):
    first = '{"prompt": "a", "category": "hate"}\n'
    path.write_text(first + '{"prompt": "b", "category": [' + "[]," * 5_000_000 + "1]}\n", encoding="utf-8")


def dense_array(path):
    row = '{"prompt": "p%d", "category": [' + "{}," * 60_000 + "1]}"
    path.write_text("[" + ",".join(row % number for number in range(100)) + "]", encoding="utf-8")


def json_array(path):
    path.write_text(
        json.dumps([{"prompt": f"{number}{TEXT}", "category": ""} for number in range(6)]), encoding="utf-8"
    )


def tasks(path):
    found = [{"data": {"prompt": f"{number}{TEXT}"}, "annotations": []} for number in range(6)]
    path.write_text(json.dumps(found), encoding="utf-8")


def log(path):
    path.write_text(json.dumps(HEAD)[:-1] + f', "samples": [{sample_with_events()}]}}', encoding="utf-8")


def archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("header.json", json.dumps(HEAD))
        into.writestr("samples/1_epoch_1.json", sample_with_events())


def parquet(path):
    rows = [f"{number}" + TEXT[:40_000] for number in range(500)]
    pyarrow.parquet.write_table(pyarrow.table({"prompt": rows, "category": ["hate"] * 500}), path)


# What writes a file, its ending, the size of its largest record in MB, and whether it can be read.
FILES = (
    (csv_cell, "csv", 4, True), (csv_cells, "csv", 15, False), (csv_lines, "csv", 12, False),
    (emoji, "jsonl", 4, True), (dense_line, "jsonl", 15, True), (dense_array, "json", 1, True),
    (json_array, "json", 4, True), (tasks, "json", 4, True), (log, "json", 0, True), (archive, "eval", 0, True),
    (parquet, "parquet", 20, True),
)  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked there")
def test_no_file_takes_more_than_it_says(tmp_path):
    paths = [tmp_path / f"{write.__name__}.{ending}" for write, ending, *_ in FILES]
    for (write, *_), path in zip(FILES, paths, strict=True):
        write(path)
    arguments = [sys.executable, "-c", PEAK, str(tmp_path / "small.csv"), *map(str, paths)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    for (write, _, record, taken), line in zip(FILES, done.stdout.splitlines(), strict=True):
        peak, _, message = line.strip().partition(" ")
        assert int(peak) * 1024 < 16 * record * MB + 100 * MB, write.__name__
        assert bool(message) is not taken, write.__name__


def test_what_unpacks_to_far_more_than_a_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(byte_source, "_ALWAYS_UNPACKED", 16 * MB)
    bombs = [tmp_path / "a.csv.gz", tmp_path / "a.eval", tmp_path / "a.parquet"]
    with gzip.open(bombs[0], "wb") as into:
        into.write(b"prompt,category\n")
        for _ in range(20):
            into.write(b"x" * MB + b",hate\n")
    with zipfile.ZipFile(bombs[1], "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("header.json", json.dumps(HEAD))
        into.writestr("samples/1.json", '{"id":1,"events":"' + " " * 20 * MB + '"}')
    same = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 3000, pyarrow.int32()), pyarrow.array([TEXT]))
    pyarrow.parquet.write_table(pyarrow.table({"prompt": same, "category": ["hate"] * 3000}), bombs[2])
    for bomb in bombs:
        with pytest.raises(StudioError, match="unpacked size"):
            inspect_file(bomb, ReadOptions())


def write_wide(path, columns):
    names = [f"c{number}" for number in range(columns)]
    if path.suffix == ".csv":
        path.write_text(f"{','.join(names)},prompt\n" + "x," * columns + "May I?\n", encoding="utf-8")
    else:
        path.write_text(json.dumps(dict.fromkeys(names, "x") | {"prompt": "May I?"}) + "\n", encoding="utf-8")
    return path


def taken(path):
    begun = time.process_time()
    preview_file(path)
    inspect_file(path, ReadOptions(), format_name="mapped")
    with pytest.raises(StudioError) as caught:
        inspect_file(path, ReadOptions())
    assert len(str(caught.value)) < 2_000
    return time.process_time() - begun


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_the_time_for_a_header_grows_with_its_length(tmp_path, ending):
    short, long = (write_wide(tmp_path / f"{columns}.{ending}", columns) for columns in (2_500, 10_000))
    taken(short)
    assert min(taken(long) for _ in range(2)) < 8 * max(0.02, min(taken(short) for _ in range(3)))
