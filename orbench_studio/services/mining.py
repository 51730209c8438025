"""Phrases that tell refusals from answers in this workspace, and a trial of one before anybody relies on it."""

from hashlib import blake2b

from orbench_studio.domain.judgement import REFUSALS
from orbench_studio.errors import StudioError
from orbench_studio.instruments.phrases import Judged, MinedPhrase, Trial, attempt, mine
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import judgements

__all__ = ["Halves", "MinedPhrase", "Trial", "halves", "mined", "mined_phrases", "try_phrase"]

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


def try_phrase(workspace: Workspace, phrase: str, *, refuses: bool, model: str | None = None) -> Trial:
    """A phrase of a person's own on the held-out half, taken as the sign of a refusal or of an answer."""
    try:
        return attempt(phrase, refuses, halves(workspace, model)[1])
    except ValueError:
        raise StudioError("There is no word in this phrase. Type at least one.") from None


def halves(workspace: Workspace, model: str | None) -> Halves:
    """The responses that people have labelled, parted by their prompts: to mine from, and to measure on."""
    found: Halves = ([], [])
    with workspace.reading() as db:
        for row in judgements.labelled(db):
            if model in (None, row.model):
                half = blake2b(row.prompt.encode("utf-8"), digest_size=1).digest()[0] % 2
                found[half].append(Judged(row.text, row.answer_class in REFUSALS))
    return found
