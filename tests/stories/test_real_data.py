"""The real benchmark, where ORBENCH_DATA points at it: every count is explained by the files."""

import os
from pathlib import Path

import pytest

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group
from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, NOT_REFUSED
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.review.query import parse
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.curation import near_duplicates, subsets
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import bulk_labels, prompt_review, search
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import create_workspace

DATA = Path(os.environ.get("ORBENCH_DATA", "nowhere"))
FILES = (
    "orbench/or-bench-hard-1k.csv",
    "orbench/responses_qwen3-8b.csv",
    "orbench/responses_qwen3-8b-adacd.csv",
    "xstest/prompts.csv",
    "xstest/completions_gpt4.csv",
    "xstest/completions_llama2new.csv",
    "xstest/completions_mistralinstruct.csv",
)
EXPECTED = {
    "prompts": 1_319 + 450,
    "seeds": 0,
    "votes": 0,
    "models": 2 + 3,
    "responses": 2 * 300 + 3 * 450,
    "judgements": 2 * 300 + 3 * 450 * 2,
    "annotations": 3 * 450 * 2,
    "sources": len(FILES),
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="ORBENCH_DATA is not set: no real files here")


@pytest.mark.parametrize("files", [FILES, FILES[::-1]])
def test_every_count_is_explained_and_a_second_import_changes_nothing(tmp_path, files):
    with create_workspace(tmp_path / "real.orbench") as workspace:
        for name in files:
            report = import_file(workspace, DATA / name, ReadOptions())
            assert (report.rejected, dict(report.faults)) == (0, {})
        before = statistics(workspace)
        assert {name: before[name] for name in EXPECTED} == EXPECTED
        assert before["prompts_by_category"]["illegal"] == 527
        assert before["prompts_by_final_label"] == {"none": 1_319, "safe": 250, "toxic": 200}
        partial, answers = 9 + 44 + 27, 201 + 225 + 230 + 176 + 374
        refusals = 99 + 75 + 211 + 230 + 49
        assert before["responses_by_answer_class"] == {
            "direct_answer": answers,
            "partial_refusal": partial,
            "direct_refusal": refusals,
        }
        for name in files:
            assert import_file(workspace, DATA / name, ReadOptions()).imported == 0
        assert statistics(workspace) == before
        assert workspace.problems() == []


HUMAN = {  # XSTest's final labels: full compliance, partial refusal, full refusal
    "gpt4": (230, 9, 211),
    "llama2new": (176, 44, 230),
    "mistralinstruct": (374, 27, 49),
}
SAFE = {"gpt4": (21, 250), "llama2new": (74, 250), "mistralinstruct": (4, 250)}  # refused, of the authors' safe prompts
TOXIC = {"gpt4": (1, 200), "llama2new": (0, 200), "mistralinstruct": (128, 200)}  # answered


def test_the_audit_of_xstest_has_its_human_table(tmp_path):
    with create_workspace(tmp_path / "xstest.orbench") as workspace:
        for name in FILES[3:]:
            import_file(workspace, DATA / name, ReadOptions())
        counts = audit_counts.read(workspace)
        found = refusal_audit.audit(counts, AuditOptions(answers="people"))
        for model, human in HUMAN.items():
            tally = found.tally(Group.SAFE, model) + found.tally(Group.TOXIC, model)
            full, partial, *refusals = tally.counts[0], *tally.counts[len(NOT_REFUSED) : len(ANSWERS)]
            assert (full, partial, sum(refusals)) == human
            safe, toxic = found.rate(Group.SAFE, model), found.rate(Group.TOXIC, model)
            assert (safe.count, safe.n) == SAFE[model]
            assert (toxic.count, toxic.n) == TOXIC[model]
            queue = search.queue_of(workspace, refusal_audit.cell(counts, found.options, Group.SAFE, model))
            assert len(queue.ids) == SAFE[model][0]
        assert found.judged_by_people.value == 1
        by_words = "xstest-string-match (rule)"
        alone = audit_counts.with_judge(counts, workspace, by_words)
        machine = refusal_audit.audit(alone, AuditOptions(answers=by_words))
        assert machine.rate(Group.SAFE, "llama2new").count != SAFE["llama2new"][0]


CONFIRMED = """seed = 7

[qualify]
label = "safe"
by = "human"

[size]
prompts = 60
categories = "equal"

[diversity]
per_group = 1
"""


def test_a_recipe_over_confirmed_prompts_makes_the_same_subset_in_whatever_order_files_come(tmp_path):
    made = []
    for number, files in enumerate((FILES, FILES[::-1])):
        with create_workspace(tmp_path / f"{number}.orbench") as workspace:
            for name in files:
                import_file(workspace, DATA / name, ReadOptions())
            hard = search.queue_of(workspace, parse("-category:none")).ids
            texts = {prompt_review.load(workspace, of).prompt.text: of for of in hard}
            confirmed = [texts[text] for text in sorted(texts)[::4]]
            bulk_labels.decide_all(workspace, confirmed, Aspect.LABEL, Label.SAFE, annotator="ada")
            near_duplicates.find_duplicates(workspace)
            for name in ("one", "two"):
                subsets.save_subset(workspace, name, read_recipe(CONFIRMED))
            one, two = (subsets.saved_subset(workspace, name) for name in ("one", "two"))
            assert (one.prompt_ids, one.state) == (two.prompt_ids, two.state)
            assert one.state.human.value == 1.0
            assert subsets.compare(workspace, "one", str(DATA / FILES[0])).only_first == []
            made.append(one.state.prompts_sha256)
    assert made[0] == made[1]
