"""What an audit counts, as numbers that numpy takes whole: one for every prompt, one for every response.

A row a response would take seconds at full size. The database writes the numbers of many rows into one text, which
takes a tenth of that (measured) and leaves other threads alone meanwhile.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, case, cast, func, literal_column, select

from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.store.core.bulk_sql import chunks, in_list
from orbench_studio.store.core.curation_tables import NEAR_DUPLICATES
from orbench_studio.store.core.tables import (
    JUDGEMENTS,
    JUDGES,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    RESPONSES,
    VOTES,
)

_AT_ONCE = 200_000
_MODEL_BITS, _CODE_BITS = 20, 8
Numbers = NDArray[np.int64]
P, R = PROMPT_STATES.c, RESPONSE_STATES.c

# What a place in these stands for; what is in none of them comes last.
CATEGORIES = tuple(map(str, Category))
LABELS = tuple(map(str, Label))
BASES = (Basis.HUMAN, Basis.DISPUTED, Basis.NONE)
CONSENSUS = (Label.SAFE, Label.TOXIC)
CLASSES = tuple(map(str, AnswerClass))
SHAPE = (len(CATEGORIES) + 1, len(LABELS) + 1, len(BASES) + 1, len(CONSENSUS) + 1, 2)


class PromptCodes(NamedTuple):
    """Prompts by id: where each stands in SHAPE (category, label, basis, consensus, split votes).

    Besides, its seed and its group of near duplicates, 0 for none.
    """

    ids: Numbers
    codes: Numbers
    seeds: Numbers
    groups: Numbers


class AnswerCodes(NamedTuple):
    """Responses in the order of their ids: prompt, model, and twice the place in CLASSES, one more if people say so."""

    prompts: Numbers
    models: Numbers
    outcomes: Numbers


def prompts(db: Connection, only: Sequence[int] | None = None) -> PromptCodes:
    """All prompts, or only those of these ids."""
    code: ColumnElement[Any] = literal_column("0")
    parts = (
        (_place(P.category, CATEGORIES), SHAPE[0]),
        (_place(P.final_label, LABELS), SHAPE[1]),
        (_place(P.basis, BASES), SHAPE[2]),
        (_place(P.consensus, CONSENSUS), SHAPE[3]),
        (case((P.disagreement.is_(True), 1), else_=0), SHAPE[4]),
    )
    for place, size in parts:
        code = code * size + place
    near = NEAR_DUPLICATES.c
    source = PROMPT_STATES.join(PROMPTS, PROMPTS.c.id == P.prompt_id)
    source = source.outerjoin(NEAR_DUPLICATES, near.prompt_id == P.prompt_id)
    columns = (P.prompt_id, code, func.coalesce(PROMPTS.c.seed_id, 0), func.coalesce(near.group_id, 0))
    return PromptCodes(*_columns(db, source, columns, P.prompt_id, P.prompt_id, only))


def answers(db: Connection, only: Sequence[int] | None = None) -> AnswerCodes:
    """The class that counts of all responses, or only of those to these prompts."""
    people = case((R.basis.in_([Basis.HUMAN, Basis.REFERENCE]), 1), else_=0)
    prompt = cast(R.prompt_id, BigInteger)  # an id alone is a smaller number on a server
    packed = (prompt * 2**_MODEL_BITS + R.model_id) * 2**_CODE_BITS + _place(R.answer_class, CLASSES) * 2 + people
    (found,) = _columns(db, RESPONSE_STATES, (packed,), R.response_id, R.prompt_id, only)
    models = (found >> _CODE_BITS) & (2**_MODEL_BITS - 1)
    return AnswerCodes(found >> (_CODE_BITS + _MODEL_BITS), models, found & (2**_CODE_BITS - 1))


def judged(db: Connection, judge_id: int) -> Numbers:
    """What one judge alone makes of every response, in the order of their ids: places in CLASSES.

    What the provider reports stands. Of several judgements the latest that can be read counts, else the latest.
    """
    ids, reported = _columns(
        db,
        RESPONSE_STATES,
        (R.response_id, case((R.basis == Basis.PROVIDER, _place(R.answer_class, CLASSES)), else_=len(CLASSES))),
        R.response_id,
    )
    j = JUDGEMENTS.c
    said = select(j.id, j.response_id, j.answer_class).where(j.judge_id == judge_id).subquery()
    of, classes = _columns(db, said, (said.c.response_id, _place(said.c.answer_class, CLASSES)), said.c.id)
    found = np.full(len(ids), len(CLASSES))
    unread = classes == CLASSES.index(AnswerClass.UNPARSED)
    for some in (unread, ~unread):  # the later assignment stands
        found[np.searchsorted(ids, of[some])] = classes[some]
    return np.where(reported < len(CLASSES), reported, found)


def models(db: Connection) -> dict[int, str]:
    """The models that have answered, by id."""
    answering = select(RESPONSES.c.model_id).where(RESPONSES.c.model_id == MODELS.c.id).exists()
    rows = db.execute(select(MODELS.c.id, MODELS.c.name).where(answering).order_by(MODELS.c.id))
    return {row.id: row.name for row in rows}


def judges(db: Connection) -> list[tuple[int, str, str]]:
    """The judges that have judged something: id, name and kind."""
    j = JUDGES.c
    used = select(JUDGEMENTS.c.id).where(JUDGEMENTS.c.judge_id == j.id).exists()
    return [tuple(row) for row in db.execute(select(j.id, j.name, j.kind).where(used).order_by(j.name, j.kind))]


def stated_labels(db: Connection) -> dict[int, str]:
    """What source files say of prompts, by prompt, whoever has decided since."""
    stated = PROMPTS.c.reference_label
    return {row.id: row[1] for row in db.execute(select(PROMPTS.c.id, stated).where(stated.is_not(None)))}


def voted_by(db: Connection, model_ids: Sequence[int]) -> list[int]:
    """The prompts on which one of these models has voted as a moderator."""
    v = VOTES.c
    statement = select(v.prompt_id).where(v.moderator_id.in_(model_ids)).distinct().order_by(v.prompt_id)
    return [int(prompt_id) for prompt_id in db.execute(statement).scalars()]


def _place(column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[int]:
    return case({str(value): place for place, value in enumerate(values)}, value=column, else_=len(values))


def _columns(
    db: Connection,
    source: Any,
    columns: Sequence[ColumnElement[Any]],
    order: ColumnElement[Any],
    owner: ColumnElement[Any] | None = None,
    only: Sequence[int] | None = None,
) -> list[Numbers]:
    """Each column of whole numbers in the order of a key, in pieces; of rows whose owner is among some ids alone."""
    if only is not None and owner is not None:
        conditions = [in_list(owner, some) for some in chunks(sorted(only))]
    else:
        first, last = db.execute(select(func.min(order), func.max(order)).select_from(source)).one()
        starts = range(first, last + 1, _AT_ONCE) if first is not None else range(0)
        conditions = [order.between(start, start + _AT_ONCE - 1) for start in starts]
    named = [column.label(f"n{place}") for place, column in enumerate(columns)]
    pieces: list[list[Numbers]] = [[np.empty(0, np.int64)] for _ in columns]
    for condition in conditions:
        rows = select(*named).select_from(source).where(condition).order_by(order).subquery()
        texts = [func.aggregate_strings(cast(column, Text), ",") for column in rows.c]
        for piece, text in zip(pieces, db.execute(select(*texts)).one(), strict=True):
            piece.append(np.fromstring(text or "", dtype=np.int64, sep=","))
    return [np.concatenate(piece) for piece in pieces]
