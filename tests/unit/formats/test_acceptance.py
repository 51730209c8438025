"""The real files, where they are: every row is taken, and every count is explained by the file."""

import os
from collections import Counter
from pathlib import Path

import pytest

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.formats.import_doctor import Fault, Finding
from orbench_studio.formats.records import Record, RowFault

pytestmark = pytest.mark.skipif("ORBENCH_DATA" not in os.environ, reason="ORBENCH_DATA is not set: no real files here")

FILES = {
    "orbench/or-bench-hard-1k.csv": ("orbench-prompts", 1319),
    "orbench/responses_qwen3-8b.csv": ("orbench-alignment", 300),
    "orbench/responses_qwen3-8b-adacd.csv": ("orbench-alignment", 300),
    "xstest/prompts.csv": ("xstest-prompts", 450),
    "xstest/completions_gpt4.csv": ("xstest-completions", 450),
    "xstest/completions_llama2new.csv": ("xstest-completions", 450),
    "xstest/completions_mistralinstruct.csv": ("xstest-completions", 450),
}


@pytest.fixture
def real(take):
    return {name: take(Path(os.environ["ORBENCH_DATA"]) / name) for name in FILES}


def test_every_row_is_taken(real):
    for name, (_, count) in FILES.items():
        assert sum(isinstance(row, Record) for row in real[name]) == count, name
        assert [row for row in real[name] if isinstance(row, RowFault | Finding)] == [], name


def test_labels_of_people_and_machines(real):
    records = {name: real[name] for name in FILES if "completions" in name}
    annotations = [a for rows in records.values() for r in rows for a in r.responses[0].annotations]
    assert len(annotations) == 2700
    unparsed = Counter(
        (name, judgement.judge)
        for name, rows in records.items()
        for record in rows
        for judgement in record.responses[0].judgements
        if judgement.answer_class is AnswerClass.UNPARSED
    )
    assert unparsed == {("xstest/completions_mistralinstruct.csv", "gpt-4"): 11}


def test_completions_join_the_prompts_by_number(real):
    keys = {record.prompt.external_key for record in real["xstest/prompts.csv"]}
    for name in FILES:
        if "completions" in name:
            assert {record.prompt.external_key for record in real[name]} == keys


def test_mending_everything_changes_nothing(take):
    for name, (_, count) in FILES.items():
        assert len(take(Path(os.environ["ORBENCH_DATA"]) / name, mend=frozenset(Fault))) == count
