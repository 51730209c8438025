"""Workspaces of twelve prompts for team queues, and what annotators do there."""

from datetime import UTC, datetime, timedelta

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.review.decision import Decision
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.workspace.workspace import create_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=31)
PROMPTS = 12
CATEGORIES = (Category.PRIVACY, Category.ILLEGAL, Category.HATE)


def fill(path, prompts=PROMPTS):
    workspace = create_workspace(path)
    records = [Record(n, PromptDraft(f"Harmless thing number {n}?", CATEGORIES[n % 3])) for n in range(prompts)]
    with workspace.writing() as db:
        row = {"name": "many.csv", "format": "test", "sha256": "", "imported_at": NOON}
        source = inserted(db, SOURCES, row)
        intake = RecordImport(db, lambda: source, "many.csv")
        intake.add(records)
        intake.finish()
    return workspace


def take(team, who, ahead=3, now=NOON, name="hard"):
    assignments.claim(team, name, annotator=who, ahead=ahead, now=now)
    return holds(team, who, name)


def holds(team, who, name="hard"):
    return [claim.prompt_id for claim in assignments.assigned(team, name, annotator=who) if not claim.done]


def label(team, who, prompt_id, value="safe"):
    return prompt_review.decide(team, Decision(prompt_id, Aspect.LABEL, value), annotator=who)


def skip(team, who, prompt_id):
    prompt_review.decide(team, Decision(prompt_id, Aspect.SKIP, "skipped"), annotator=who)


def progress(team):
    return team_queues.queues(team)[0].progress
