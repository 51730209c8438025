"""Prompts and responses as arrays of integers, for audit counts.

Reading row by row would take seconds for millions of responses. Instead, the database concatenates the numbers of many
rows into one text, which takes a tenth of the time (measured) and does not hold the GIL meanwhile.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, case, cast, func, literal_column, select

from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.store.core.bulk_insert import chunks, in_list
from orbench_studio.store.core.curation_tables import NEAR_DUPLICATES
from orbench_studio.store.core.prompts import own_categories
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
from orbench_studio.store.judging.judgements import BY_PEOPLE

_CHUNK = 200_000
_MOST_OWN = 300  # of a workspace's own categories; a column with more values hardly has categories
_MODEL_BITS, _CODE_BITS = 20, 8
_OUTCOMES = 2**5  # more than twice the number of classes
Numbers = NDArray[np.int64]
P, R = PROMPT_STATES.c, RESPONSE_STATES.c

# Values by code. The code after the last one stands for any other value.
LABELS = tuple(map(str, Label))
BASES = (Basis.HUMAN, Basis.DISPUTED, Basis.NONE)
CONSENSUS = (Label.SAFE, Label.TOXIC)
CLASSES = tuple(map(str, AnswerClass))
CLASS_BASES = (Basis.REFERENCE, Basis.JUDGE, Basis.LOCAL, Basis.RULE)  # of a class that no person gave
STATES = (len(LABELS) + 1, len(BASES) + 1, len(CONSENSUS) + 1, 2)


class PromptCodes(NamedTuple):
    """Prompts by id: `codes` is the state as a flat index into (categories + 1, *STATES): category,
    label, basis, consensus, disputed.

    `seeds` and `groups` are the seed and the near-duplicate group, 0 for none; `published` is the label in the source
    file, an index into LABELS.
    """

    ids: Numbers
    codes: Numbers
    seeds: Numbers
    groups: Numbers
    published: Numbers


class AnswerCodes(NamedTuple):
    """Responses by id: prompt, model, and outcome: twice the code in CLASSES, plus 1 for a human class.

    `bases` is an index into CLASS_BASES.
    """

    prompts: Numbers
    models: Numbers
    outcomes: Numbers
    bases: Numbers


def categories(db: Connection) -> tuple[str, ...]:
    """The ten categories of OR-Bench, then the workspace's own by name."""
    return (*map(str, Category), *own_categories(db)[:_MOST_OWN])


def has_new_category(db: Connection, known: Sequence[str], only: Sequence[int]) -> bool:
    """Whether one of these prompts has a category that `categories` would add to the known ones."""
    has_room = len(known) < len(Category) + _MOST_OWN
    return has_room and not {*own_categories(db, only)} <= {*known}


def prompts(db: Connection, categories: Sequence[str], only: Sequence[int] | None = None) -> PromptCodes:
    """Read all prompts, or those with these ids."""
    code: ColumnElement[Any] = literal_column("0")
    parts = (
        (_code(P.category, categories), 1),
        (_code(P.final_label, LABELS), STATES[0]),
        (_code(P.basis, BASES), STATES[1]),
        (_code(P.consensus, CONSENSUS), STATES[2]),
        (case((P.disagreement.is_(True), 1), else_=0), STATES[3]),
    )
    for part, size in parts:
        code = code * size + part
    near = NEAR_DUPLICATES.c
    source = PROMPT_STATES.join(PROMPTS, PROMPTS.c.id == P.prompt_id)
    source = source.outerjoin(NEAR_DUPLICATES, near.prompt_id == P.prompt_id)
    published = _code(PROMPTS.c.reference_label, LABELS)
    columns = (P.prompt_id, code, func.coalesce(PROMPTS.c.seed_id, 0), func.coalesce(near.group_id, 0), published)
    return PromptCodes(*_columns(db, source, columns, P.prompt_id, P.prompt_id, only))


def answers(db: Connection, only: Sequence[int] | None = None) -> AnswerCodes:
    """Read the final class of all responses, or of those to these prompts."""
    source = case((BY_PEOPLE, 1 + _OUTCOMES * len(CLASS_BASES)), else_=_OUTCOMES * _code(R.basis, CLASS_BASES))
    prompt = cast(R.prompt_id, BigInteger)  # PostgreSQL would overflow its 4-byte integer
    packed = (prompt * 2**_MODEL_BITS + R.model_id) * 2**_CODE_BITS + _code(R.answer_class, CLASSES) * 2 + source
    (found,) = _columns(db, RESPONSE_STATES, (packed,), R.response_id, R.prompt_id, only)
    models, code = (found >> _CODE_BITS) & (2**_MODEL_BITS - 1), found & (2**_CODE_BITS - 1)
    return AnswerCodes(found >> (_CODE_BITS + _MODEL_BITS), models, code % _OUTCOMES, code // _OUTCOMES)


def classified_by_people(db: Connection, only: Sequence[int] | None = None) -> list[int]:
    """Return the responses with a human class, by id: of all prompts, or of these."""
    statement = select(R.response_id).where(BY_PEOPLE).order_by(R.response_id)
    parts = [statement] if only is None else [statement.where(in_list(R.prompt_id, some)) for some in chunks(only)]
    return sorted(response_id for part in parts for response_id in db.execute(part).scalars())


def judged(db: Connection, judge_id: int) -> tuple[Numbers, Numbers]:
    """Read the class of every response by one judge, and its probability of a refusal, in the order of response ids.

    Classes are codes in CLASSES, and probabilities are in thousandths, -1 for none. A class reported by the vendor
    takes precedence. The last parsed judgement counts, else the last one.
    """
    ids, reported = _columns(
        db,
        RESPONSE_STATES,
        (R.response_id, case((R.basis == Basis.PROVIDER, _code(R.answer_class, CLASSES)), else_=len(CLASSES))),
        R.response_id,
    )
    j = JUDGEMENTS.c
    given = select(j.id, j.response_id, j.answer_class, j.refusal).where(j.judge_id == judge_id).subquery()
    thousandths = cast(func.coalesce(func.round(given.c.refusal * 1_000), -1), BigInteger)
    columns = given.c.response_id, _code(given.c.answer_class, CLASSES), thousandths
    of, classes, refusals = _columns(db, given, columns, given.c.id)
    found, probability = np.full(len(ids), len(CLASSES)), np.full(len(ids), -1)
    unparsed = classes == CLASSES.index(AnswerClass.UNPARSED)
    for some in (unparsed, ~unparsed):  # parsed judgements overwrite unparsed ones
        at = np.searchsorted(ids, of[some])
        found[at], probability[at] = classes[some], refusals[some]
    return np.where(reported < len(CLASSES), reported, found), probability


def models(db: Connection) -> dict[int, str]:
    """Return the models with responses, by id."""
    answering = select(RESPONSES.c.model_id).where(RESPONSES.c.model_id == MODELS.c.id).exists()
    rows = db.execute(select(MODELS.c.id, MODELS.c.name).where(answering).order_by(MODELS.c.id))
    return {row.id: row.name for row in rows}


def judges(db: Connection) -> list[tuple[int, str, str]]:
    """Return the judges with judgements: id, name and kind."""
    j = JUDGES.c
    used = select(JUDGEMENTS.c.id).where(JUDGEMENTS.c.judge_id == j.id).exists()
    return [tuple(row) for row in db.execute(select(j.id, j.name, j.kind).where(used).order_by(j.name, j.kind))]


def reference_labels(db: Connection) -> dict[int, str]:
    """Return the labels from source files, by prompt."""
    stated = PROMPTS.c.reference_label
    return {row.id: row[1] for row in db.execute(select(PROMPTS.c.id, stated).where(stated.is_not(None)))}


def voted_by(db: Connection, model_ids: Sequence[int]) -> list[int]:
    """Return the prompts on which one of these models voted as a moderator."""
    v = VOTES.c
    statement = select(v.prompt_id).where(v.moderator_id.in_(model_ids)).distinct().order_by(v.prompt_id)
    return [int(prompt_id) for prompt_id in db.execute(statement).scalars()]


def _code(column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[int]:
    return case({str(value): code for code, value in enumerate(values)}, value=column, else_=len(values))


def _columns(
    db: Connection,
    source: Any,
    columns: Sequence[ColumnElement[Any]],
    order: ColumnElement[Any],
    owner: ColumnElement[Any] | None = None,
    only: Sequence[int] | None = None,
) -> list[Numbers]:
    """Read integer columns in the order of a key, in chunks; with `only`, of rows whose owner is among these ids."""
    if only is not None and owner is not None:
        conditions = [in_list(owner, some) for some in chunks(sorted(only))]
    else:
        first, last = db.execute(select(func.min(order), func.max(order)).select_from(source)).one()
        starts = range(first, last + 1, _CHUNK) if first is not None else range(0)
        conditions = [order.between(start, start + _CHUNK - 1) for start in starts]
    named = [column.label(f"n{place}") for place, column in enumerate(columns)]
    pieces: list[list[Numbers]] = [[np.empty(0, np.int64)] for _ in columns]
    for condition in conditions:
        rows = select(*named).select_from(source).where(condition).order_by(order).subquery()
        texts = [func.aggregate_strings(cast(column, Text), ",") for column in rows.c]
        for piece, text in zip(pieces, db.execute(select(*texts)).one(), strict=True):
            piece.append(np.fromstring(text or "", dtype=np.int64, sep=","))
    return [np.concatenate(piece) for piece in pieces]
