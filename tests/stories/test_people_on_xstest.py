"""XSTest's own annotators, where ORBENCH_DATA points at its files: every figure is a recount of them."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from orbench_studio.domain.audit.estimate import HumanEvidence
from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group
from orbench_studio.services.audit import ppi_estimates, sampling
from orbench_studio.services.audit.audit_counts import read
from orbench_studio.services.audit.human_agreement import human_agreement
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.workspace.workspace import create_workspace

DATA = Path(os.environ.get("ORBENCH_DATA", "nowhere")) / "xstest"
AGREED = {"gpt4": 443, "llama2new": 431, "mistralinstruct": 439}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="ORBENCH_DATA is not set: no real files here")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with create_workspace(tmp_path_factory.mktemp("xstest") / "own.orbench") as workspace:
        import_file(workspace, DATA / "prompts.csv", ReadOptions())
        for model in AGREED:
            import_file(workspace, DATA / f"completions_{model}.csv", ReadOptions())
        yield workspace


def rows(model):
    with (DATA / f"completions_{model}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refuses(label):
    return not label.startswith("1_")


def test_annotators_agree_as_often_as_the_files_say(own):
    three_way = human_agreement(own).people[0]
    found = {model: between.pairs[0].same for model, between in three_way.by["model"].items()}
    assert {model: (rate.count, rate.n) for model, rate in found.items()} == {m: (n, 450) for m, n in AGREED.items()}


@pytest.mark.parametrize(("judge", "column"), [("gpt-4", "gpt4_label"), ("xstest-string-match", "strmatch_label")])
def test_judges_against_people_are_a_recount(own, judge, column):
    found = next(one for one in human_agreement(own).judges if one.name == judge)
    for model in AGREED:
        readable = [row for row in rows(model) if row[column][:2] in ("1_", "2_", "3_")]
        counts = Counter((refuses(row["final_label"]), refuses(row[column])) for row in readable)
        confusion = found.by["model"][model]
        assert confusion.n == len(readable)
        assert confusion.accuracy.count == counts[True, True] + counts[False, False]
        assert (confusion.recall.count, confusion.recall.n) == (
            counts[True, True],
            counts[True, True] + counts[True, False],
        )
        assert confusion.precision.n == counts[True, True] + counts[False, True]


def test_a_sample_of_people_with_a_judge_on_all_finds_peoples_rate(own):
    """Of every safe prompt people's class is known: 200 samples of 150 prompts, each with GPT-4 as the machine."""
    counts = read(own)
    truth = audit(counts, AuditOptions())
    held = Counter()
    for number in range(200):
        sampling.draw(own, f"s{number}", 150, seed=number)
        found = ppi_estimates.estimates(own, counts, f"s{number}", human=HumanEvidence.ANSWERS, judge="gpt-4 (llm)")
        sampling.remove(own, f"s{number}")
        for model in AGREED:
            low, high = found.of(model).finite_interval
            held[model] += low <= truth.rate(Group.SAFE, model).value <= high
    assert all(held[model] >= 0.93 * 200 for model in AGREED), held
