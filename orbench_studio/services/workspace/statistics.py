"""Counts over a workspace, each explained by what was imported and decided."""

from dataclasses import dataclass
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.consistency import (
    Reveal,
    Reveals,
    count_reveals,
    revealed,
    self_consistency,
)
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import repeated_decisions
from orbench_studio.store.workspace import counts
from orbench_studio.store.workspace.counts import Source

__all__ = ["Rate", "Reveals", "Source", "after_reveal", "consistency", "sources", "statistics"]

_BY_STATE = {"category": "category", "status": "status", "final_label": "final_label", "label_basis": "basis"}


def statistics(workspace: Workspace) -> dict[str, Any]:
    """How much of everything there is, and the prompts by category, status, final label and what it stands on."""
    with workspace.reading() as db:
        found: dict[str, Any] = dict(counts.rows(db))
        for name, column in _BY_STATE.items():
            found[f"prompts_by_{name}"] = counts.prompts_by(db, column)
        found["responses_by_answer_class"] = counts.responses_by_answer_class(db)
    return found


@dataclass(frozen=True, slots=True)
class TemplateCount:
    """How many results of a kind keep the hash of one wording; `own` where that is the studio's as it is now."""

    what: str
    template_hash: str
    own: bool
    results: int


def by_template(workspace: Workspace) -> list[TemplateCount]:
    """What models were asked with, by the hashes that their results keep."""
    own = {templates.load(wording).hash for wording in TemplateName}
    with workspace.reading() as db:
        return [TemplateCount(what, hashed, hashed in own, count) for what, hashed, count in counts.by_wording(db)]


def sources(workspace: Workspace) -> list[Source]:
    """The files that something was taken from, oldest first."""
    with workspace.reading() as db:
        return counts.sources(db)


def consistency(workspace: Workspace) -> dict[str, Rate]:
    """How often each annotator gave a prompt that was silently shown again the same label; those who had none left out.

    Assumes that the first label was forgotten, and the prompts shown again are like the others.
    """
    with workspace.reading() as db:
        return self_consistency(repeated_decisions.on_rechecked(db))


def after_reveal(workspace: Workspace) -> dict[str, Reveals]:
    """What became of labels decided blind once votes or judgements were seen.

    Counted is each prompt that an annotator labelled blind and labelled again with more in view, be it to keep the
    label: the first against the last. Toward and away are measured by the consensus that counts now. Answer classes are
    left out: nobody says again what is to stay, so that all of them would be changes.
    """
    with workspace.reading() as db:
        pairs = [
            (prompt_id, pair)
            for (prompt_id, _, _), decided in repeated_decisions.decided_twice(db, Aspect.LABEL).items()
            if (pair := revealed(decided)) is not None
        ]
        agreed = repeated_decisions.consensus(db, sorted({prompt_id for prompt_id, _ in pairs}))
    return {"labels": count_reveals(Reveal(*pair, agreed.get(prompt_id)) for prompt_id, pair in pairs)}
