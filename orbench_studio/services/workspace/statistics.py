"""Counts of a workspace and the consistency of its annotators."""

from dataclasses import dataclass
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.consistency import (
    Drift,
    Reveal,
    Reveals,
    count_reveals,
    guideline_drift,
    revealed,
    self_consistency,
)
from orbench_studio.domain.review.queue import Status
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import guidelines, label_counts, repeated_decisions
from orbench_studio.store.workspace import counts
from orbench_studio.store.workspace.counts import Source

__all__ = [
    "Drift",
    "Rate",
    "Reveals",
    "Source",
    "after_reveal",
    "consistency",
    "drift",
    "labels_by_day",
    "progress",
    "sources",
    "statistics",
]

_BY_STATE = {"category": "category", "status": "status", "final_label": "final_label", "label_basis": "basis"}


def statistics(workspace: Workspace) -> dict[str, Any]:
    """Count all records, and the prompts by category, status, final label and its source."""
    with workspace.reading() as db:
        found: dict[str, Any] = dict(counts.rows(db))
        for name, column in _BY_STATE.items():
            found[f"prompts_by_{name}"] = counts.prompts_by(db, column)
        found["responses_by_answer_class"] = counts.responses_by_answer_class(db)
    return found


def progress(workspace: Workspace) -> tuple[int, int]:
    """The number of decided prompts, and of all."""
    with workspace.reading() as db:
        by_status = counts.prompts_by(db, "status")
    return by_status.get(Status.DECIDED, 0), sum(by_status.values())


@dataclass(frozen=True, slots=True)
class TemplateCount:
    """The number of results of a kind with the hash of one template; `builtin` if that is the current built-in one."""

    what: str
    template_hash: str
    builtin: bool
    results: int


def by_template(workspace: Workspace) -> list[TemplateCount]:
    builtin = {templates.load(name).hash for name in TemplateName}
    with workspace.reading() as db:
        return [TemplateCount(what, hashed, hashed in builtin, count) for what, hashed, count in counts.by_template(db)]


def sources(workspace: Workspace) -> list[Source]:
    """The imported files, oldest first."""
    with workspace.reading() as db:
        return counts.sources(db)


def labels_by_day(workspace: Workspace) -> dict[str, int]:
    """How many prompts were labelled on each day (UTC, ISO date), oldest day first."""
    with workspace.reading() as db:
        return label_counts.labels_by_day(db)


def consistency(workspace: Workspace) -> dict[str, Rate]:
    """How often each annotator gave the same label to a prompt that was shown again without notice.

    Assumes that the first label was forgotten, and that the repeated prompts are like the others. Annotators without
    repeated prompts are left out.
    """
    with workspace.reading() as db:
        return self_consistency(repeated_decisions.on_rechecked(db))


def drift(workspace: Workspace) -> dict[str, Drift]:
    """How each annotator's decisions changed with the current guidelines, on prompts shown again without notice.

    Assumes that the earlier decisions were forgotten, and that the repeated prompts are like the others.
    """
    with workspace.reading() as db:
        return guideline_drift(repeated_decisions.on_rechecked(db), guidelines.current(db))


def after_reveal(workspace: Workspace) -> dict[str, Reveals]:
    """How blind labels changed after votes or judgements were revealed.

    Counts each prompt whose votes or judgements were revealed right after an annotator's blind label, and compares that
    label with the annotator's last change. A label is not blind where the annotator had seen more before, also where
    that decision is undone. Towards and away refer to the current consensus. Answer classes are left
    out, because labels reveal the judgements, not classes.
    """
    with workspace.reading() as db:
        twice = repeated_decisions.decided_twice(db, Aspect.LABEL)
        seen = repeated_decisions.first_seen(db, sorted({prompt_id for prompt_id, _, _ in twice}))
        pairs = [
            (prompt_id, pair)
            for (prompt_id, _, who), decided in twice.items()
            if (pair := revealed(decided, seen.get((prompt_id, who)))) is not None
        ]
        agreed = repeated_decisions.consensus(db, sorted({prompt_id for prompt_id, _ in pairs}))
    return {"labels": count_reveals(Reveal(*pair, agreed.get(prompt_id)) for prompt_id, pair in pairs)}
