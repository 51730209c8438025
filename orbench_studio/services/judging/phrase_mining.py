"""Mining the phrases that distinguish refusals from answers in a workspace."""

from collections.abc import Sequence
from hashlib import blake2b

from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.instruments.phrases import LabelledText, MinedPhrase, mine_phrases
from orbench_studio.services.judging import licences
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import judgements
from orbench_studio.store.judging.judgements import Labelled

Halves = tuple[list[Labelled], list[Labelled]]


def mined_phrases(workspace: Workspace, model: str | None = None, limit: int = 20) -> list[MinedPhrase]:
    """The phrases that best indicate refusals and answers of a model (None: of all models), best first.

    They are mined from one half of the prompts with labelled responses and evaluated on the other half. The half of a
    prompt depends only on its text.
    """
    return mine_halves(halves(workspace, model), limit)


def mine_halves(labelled: Halves, limit: int = 20) -> list[MinedPhrase]:
    """Mine labelled responses that have been read. Only computes, so it can run in any thread."""
    mining, held_out_half = labelled
    return mine_phrases(labelled_texts(mining), labelled_texts(held_out_half), limit)


def halves(workspace: Workspace, model: str | None) -> Halves:
    """Read the labelled responses of a model (None: of all models), split by prompt: for mining, and held out."""
    found: Halves = ([], [])
    with workspace.reading() as db:
        for row in licences.without_sealed(workspace, db, judgements.labelled(db)):
            if model in (None, row.model):
                found[held_out(row.prompt)].append(row)
    return found


def held_out(prompt: str) -> bool:
    """Whether a prompt is in the held-out half, from which no phrase is mined."""
    return blake2b(prompt.encode("utf-8"), digest_size=1).digest()[0] % 2 == 1


def labelled_texts(rows: Sequence[Labelled]) -> list[LabelledText]:
    """Labelled responses as input of the phrase miner."""
    return [LabelledText(row.text, row.answer_class in REFUSALS) for row in rows]
