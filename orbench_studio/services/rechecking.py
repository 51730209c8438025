"""Self-consistency: a few prompts that a reviewer has labelled are silently shown again later, as if undecided.

The label given then is an Aspect.RECHECK: it counts for self-consistency alone.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from zlib import crc32

from sqlalchemy import Connection

from orbench_studio.domain.final_label import final_label
from orbench_studio.domain.judgement import final_answer
from orbench_studio.domain.response import stop_class
from orbench_studio.domain.review import PromptView, ResponseView
from orbench_studio.services import reviewing
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import people

__all__ = ["as_undecided", "due", "load"]

AFTER_LABELS = 30  # of the annotator's own, or
AFTER = timedelta(days=1)
NOT_AGAIN_FOR = timedelta(days=14)
_ALL = 100  # per cent


def due(workspace: Workspace, *, annotator: str, per_cent: int, now: datetime | None = None) -> int | None:
    """The prompt to show the annotator again next; None where it is not time yet, or there is none to show.

    One for `per_cent` of a hundred labels, at distances from half to one and a half of the mean, so that nobody can
    count to it. It was labelled at least 30 labels or a day ago and not shown again for 14 days. The same journal at
    the same moment always gives the same prompt.
    """
    if per_cent <= 0:
        return None
    with workspace.reading() as db:
        who = people.annotator_id(db, annotator)
        if who is None:
            return None
        last = people.last_recheck(db, who)
        given = people.labels_since(db, who, last)
        if given < ceil(_ALL / per_cent * (0.5 + _share(who, last))):
            return None
        there = _candidates(db, who, now or datetime.now(UTC))
    return there[int(_share(who, last, given) * len(there))] if there else None


def load(workspace: Workspace, prompt_id: int) -> PromptView:
    """The prompt as if nobody had decided anything about it."""
    return as_undecided(reviewing.load(workspace, prompt_id))


def as_undecided(view: PromptView) -> PromptView:
    """The same without a trace of any person's decision, imported ones included."""
    final = final_label(None, view.consensus, view.prompt.reference_label)
    responses = tuple(_as_undecided(response) for response in view.responses)
    return replace(view, category=view.prompt.category, final=final, responses=responses, decided=())


def _as_undecided(view: ResponseView) -> ResponseView:
    there = view.response
    stopped = stop_class(there.text, there.stop_reason)
    return ResponseView(there, final_answer(None, there.reference_class, stopped, there.judgements), ())


def _candidates(db: Connection, who: int, now: datetime) -> list[int]:
    labelled = people.labelled(db, who)
    shown_lately = people.rechecked_since(db, who, now - NOT_AGAIN_FOR)
    old = labelled[:-AFTER_LABELS] + [last for last in labelled[-AFTER_LABELS:] if last.at <= now - AFTER]
    return [last.prompt_id for last in old if last.prompt_id not in shown_lately]


def _share(*of: int) -> float:
    """A number from 0 up to but not 1 that these numbers always give, and nobody guesses."""
    return crc32(repr(of).encode()) / 2**32
