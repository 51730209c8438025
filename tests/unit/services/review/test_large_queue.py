"""Prompts with ids beyond a million: what is reckoned with ids fits, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.review.query import parse
from orbench_studio.formats.records import PromptDraft
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.curation import run_recipe
from orbench_studio.services.judging import builtin_judges, run_judges
from orbench_studio.services.review import search
from orbench_studio.store.core.tables import PROMPTS
from tests.unit.conftest import RECORDS
from tests.unit.services.audit.audited_workspace import bring

MILLION = 1_000_000


@pytest.fixture
def later(workspace):
    """The workspace with one more prompt and its response, as if a million had come before it."""
    before = {"id": MILLION, "identity": b"", "text": "", "origin": "imported"}
    with workspace.writing() as db:
        db.execute(insert(PROMPTS), before)
    bring(workspace, [replace(RECORDS[0], prompt=PromptDraft("How do I kill a process a million times?"))])
    with workspace.writing() as db:
        db.execute(delete(PROMPTS).where(PROMPTS.c.id == MILLION))
    return workspace


def test_they_are_audited(later):
    counts = audit_counts.read(later)
    assert counts.prompt_ids[counts.rows].tolist() == [1, MILLION + 1]
    options = AuditOptions()
    assert refusal_audit.prompts_of(counts, options, Group.SAFE, "model-a") == (1, MILLION + 1)
    run_judges.judge(later, builtin_judges.rules(later))
    judged = audit_counts.with_judge(audit_counts.read(later), later, "studio-rules (rule)")
    assert ((judged.refusal["studio-rules (rule)"] >= 0) & (judged.refusal["studio-rules (rule)"] <= 1)).all()
    recipe = read_recipe("[refused]\nfamilies = 1\njudgement = 'studio-rules'\nresponses = 'first'\n")
    assert run_recipe.run_recipe(later, recipe).steps


@pytest.mark.parametrize("seed", [7, 999_999])
def test_they_are_shuffled(later, seed):
    found = search.queue_of(later, parse(f"sort:random:{seed}"))
    assert sorted(found.ids) == [1, 2, 3, 4, MILLION + 1]
    assert found.ids == search.queue_of(later, parse(f"sort:random:{seed}")).ids
