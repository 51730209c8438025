"""Counts over a workspace, each explained by what was imported and decided."""

from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.annotation import Aspect
from orbench_studio.domain.consistency import Reveal, Reveals, count_reveals, revealed, self_consistency
from orbench_studio.domain.judgement import AnswerClass, Judgement, final_answer
from orbench_studio.domain.rates import Rate
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import counts, people, responses
from orbench_studio.store.counts import Source

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


def sources(workspace: Workspace) -> list[Source]:
    """The files that something was taken from, oldest first."""
    with workspace.reading() as db:
        return counts.sources(db)


def consistency(workspace: Workspace) -> dict[str, Rate]:
    """How often each annotator gave a prompt that was silently shown again the same label; those who had none left out.

    Assumes that the first label was forgotten, and the prompts shown again are like the others.
    """
    with workspace.reading() as db:
        return self_consistency(people.on_rechecked(db))


def after_reveal(workspace: Workspace) -> dict[str, Reveals]:
    """What became of labels and answer classes decided blind once votes or judgements were seen.

    Counted is each thing that an annotator decided blind and decided again with more in view: the first decision
    against the last. Toward and away are measured by the consensus and the judge that count now.
    """
    with workspace.reading() as db:
        labels, classes = (_revealed(db, aspect) for aspect in (Aspect.LABEL, Aspect.ANSWER_CLASS))
        agreed = people.consensus(db, sorted({prompt_id for prompt_id, _ in labels}))
        judged = _judged(db, sorted({response_id for _, response_id in classes if response_id is not None}))
    return {
        "labels": _count(labels, {(prompt_id, None): label for prompt_id, label in agreed.items()}),
        "answer_classes": _count(classes, {key: judged.get(key[1] or 0) for key in classes}),
    }


_Thing = tuple[int, int | None]  # a prompt, or a response to it


def _revealed(db: Connection, aspect: Aspect) -> dict[_Thing, list[tuple[str, str]]]:
    found: dict[_Thing, list[tuple[str, str]]] = {}
    for (prompt_id, response_id, _), decided in people.decided_twice(db, aspect).items():
        pair = revealed(decided)
        if pair is not None:
            found.setdefault((prompt_id, response_id), []).append(pair)
    return found


def _judged(db: Connection, response_ids: list[int]) -> dict[int, str | None]:
    """What judges alone make of the responses."""
    found: dict[int, str | None] = {}
    for response_id, said in responses.said(db, response_ids).items():
        judgements = [Judgement(at, name, kind, AnswerClass(of)) for at, (name, kind, of) in enumerate(said)]
        found[response_id] = final_answer(None, None, None, judgements).answer_class
    return found


def _count(pairs: dict[_Thing, list[tuple[str, str]]], machine: dict[_Thing, str | None]) -> Reveals:
    return count_reveals(Reveal(*pair, machine.get(key)) for key, found in pairs.items() for pair in found)
