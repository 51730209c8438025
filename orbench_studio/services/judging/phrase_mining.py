"""Phrases that tell refusals from answers in this workspace."""

from collections.abc import Sequence
from hashlib import blake2b

from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.instruments.phrases import Judged, MinedPhrase, mine
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import judgements
from orbench_studio.store.judging.judgements import Labelled

__all__ = ["Halves", "MinedPhrase", "halves", "held_out", "judged", "mined", "mined_phrases", "parted"]

Halves = tuple[list[Judged], list[Judged]]


def mined_phrases(workspace: Workspace, model: str | None = None, limit: int = 20) -> list[MinedPhrase]:
    """The phrases that tell most about a model's responses (all models' where none is named), best first.

    Mined from half of the prompts that people have labelled responses to, and measured on the other half; which half a
    prompt is in never changes.
    """
    return mined(halves(workspace, model), limit)


def mined(labelled: Halves, limit: int = 20) -> list[MinedPhrase]:
    """The same out of what has been read; computes only, and needs no workspace."""
    return mine(*labelled, limit)


def halves(workspace: Workspace, model: str | None) -> Halves:
    """The responses that people have labelled, parted by their prompts: to mine from, and to measure on."""
    known, measured = parted(workspace, model)
    return judged(known), judged(measured)


def parted(workspace: Workspace, model: str | None) -> tuple[list[Labelled], list[Labelled]]:
    """The same with everything that is known of them."""
    found: tuple[list[Labelled], list[Labelled]] = ([], [])
    with workspace.reading() as db:
        for row in judgements.labelled(db):
            if model in (None, row.model):
                found[held_out(row.prompt)].append(row)
    return found


def held_out(prompt: str) -> bool:
    """Whether a prompt is in the half that nothing is mined from."""
    return blake2b(prompt.encode("utf-8"), digest_size=1).digest()[0] % 2 == 1


def judged(rows: Sequence[Labelled]) -> list[Judged]:
    """Labelled responses as phrases are mined from them and tried on them."""
    return [Judged(row.text, row.answer_class in REFUSALS) for row in rows]
