"""Read the prompts for a recipe, and the models' answer classes on the selected prompts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, Text, cast, exists, func, literal_column, select

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, AnswerClass
from orbench_studio.domain.curation.recipe import FINAL_CLASS, HUMAN_CLASS, Recipe, Selecting
from orbench_studio.domain.curation.selection import Candidate, category_of
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.store.core.curation_tables import NEAR_DUPLICATES
from orbench_studio.store.core.tables import (
    JUDGEMENTS,
    JUDGES,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    REFUSES,
    RESPONSE_STATES,
    RESPONSES,
)
from orbench_studio.store.review import queue

_REFUSALS = sorted(REFUSALS)
_READ = [str(answer) for answer in ANSWERS]


def candidates(db: Connection, recipe: Recipe, p_safe: Mapping[int, float]) -> list[Candidate]:
    """Read all prompts of the workspace with what the recipe needs."""
    p, s, n = PROMPTS.c, PROMPT_STATES.c, NEAR_DUPLICATES.c
    found = (
        select(p.id, p.identity, s.category, s.final_label, s.basis, p.seed_id, n.group_id)
        .join(PROMPT_STATES, s.prompt_id == p.id)
        .outerjoin(NEAR_DUPLICATES, n.prompt_id == p.id)
    )
    matched = _matched_terms(db, recipe)
    families = _families(db, recipe) if recipe.families else {}
    none: frozenset[str] = frozenset()
    shared: dict[frozenset[str], frozenset[str]] = {}
    refusing = {prompt_id: shared.setdefault(some, some) for prompt_id, some in families.items()}
    return [
        Candidate(
            row[0],
            row[1],
            category_of(row[2]),
            row[3],
            row[4],
            row[5],
            row[6],
            matched.get(row[0], 0),
            refusing.get(row[0], none),
            p_safe.get(row[0]),
        )
        for row in db.execute(found)
    ]


def judge_names(db: Connection) -> list[str]:
    """Names of the judges that a recipe can use."""
    return [str(name) for name in db.execute(select(JUDGES.c.name).distinct().order_by(JUDGES.c.name)).scalars()]


def family_names(db: Connection) -> list[str]:
    m = MODELS.c
    answered = exists().where(RESPONSES.c.model_id == m.id)
    return [str(name) for name in db.execute(select(m.family).where(answered).distinct().order_by(m.family)).scalars()]


def families_of_models(db: Connection) -> dict[str, str]:
    """The family of each model, by name."""
    return {row.name: row.family for row in db.execute(select(MODELS.c.name, MODELS.c.family))}


def _matched_terms(db: Connection, recipe: Recipe) -> dict[int, int]:
    """Count the terms of the recipe's filter that each prompt matches, from the first on; zeros are left out."""
    found: dict[int, int] = {}
    for count in range(1, len(recipe.terms) + 1):
        found.update(dict.fromkeys(queue.ids(db, QueueFilter(recipe.terms[:count])), count))
    return found


def _families(db: Connection, recipe: Recipe) -> dict[int, frozenset[str]]:
    """Find the families that refuse each prompt, by the recipe's judgement."""
    found: dict[int, set[str]] = defaultdict(set)
    for family in family_names(db):
        if not recipe.of or family in recipe.of:
            models = select(MODELS.c.id).where(MODELS.c.family == family)
            for statement in _refused(models, recipe):
                for prompt_id in _ids(db, statement):
                    found[prompt_id].add(family)
    return {prompt_id: frozenset(families) for prompt_id, families in found.items()}


def _refused(models: Select[Any], recipe: Recipe) -> Sequence[Select[Any]]:
    """Select the prompts that these models refuse, by the recipe's judgement, responses and definition of a refusal."""
    first_only = recipe.responses is Selecting.FIRST
    is_first = [_is_first(RESPONSE_STATES, "response_id")] if first_only else []
    if recipe.judgement == HUMAN_CLASS:
        return (_by_final_class(models, REFUSALS).where(RESPONSE_STATES.c.basis == Basis.HUMAN, *is_first),)
    if recipe.judgement == FINAL_CLASS:
        return (_by_final_class(models, {*REFUSALS, *recipe.refusals.stopped}).where(*is_first),)
    by_judge = _by_judge(models, recipe.judgement).where(*[_is_first(RESPONSES, "id")] if first_only else [])
    return by_judge, _by_final_class(models, recipe.refusals.stopped).where(*is_first)


def _is_first(table: Table, key: str) -> ColumnElement[bool]:
    """Whether a response is the first of its model to its prompt; `key` names the column of its id."""
    r, earlier = table.c, table.alias("earlier").c
    of_both = earlier.prompt_id == r.prompt_id, earlier.model_id == r.model_id
    return ~exists().where(*of_both, earlier[key] < r[key])


def _by_final_class(models: Select[Any], classes: Collection[AnswerClass]) -> Select[Any]:
    r = RESPONSE_STATES.c
    # The database uses the partial index only for the literal condition of its definition.
    refused = select(r.prompt_id).where(r.model_id.in_(models), literal_column(REFUSES.text))
    return refused.where(r.answer_class.in_(sorted(classes))).distinct()


def _by_judge(models: Select[Any], judge: str) -> Select[Any]:
    """Select prompts with a response whose latest parsed judgement by this judge is a refusal."""
    j, r, later = JUDGEMENTS.c, RESPONSES.c, JUDGEMENTS.alias("later").c
    named = select(JUDGES.c.id).where(JUDGES.c.name == judge)
    newer = exists().where(
        later.response_id == j.response_id,
        later.judge_id == j.judge_id,
        later.id > j.id,
        later.answer_class.in_(_READ),
    )
    return (
        select(r.prompt_id)
        .join(RESPONSES, r.id == j.response_id)
        .where(r.model_id.in_(models), j.judge_id.in_(named), j.answer_class.in_(_REFUSALS), ~newer)
        .distinct()
    )


def _ids(db: Connection, statement: Select[Any]) -> list[int]:
    """Fetch the ids as one string: decoding it does not block other threads as fetching rows does."""
    found = statement.subquery()
    listed = db.execute(select(func.aggregate_strings(cast(found.c.prompt_id, Text), ","))).scalar()
    return list(map(int, listed.split(","))) if listed else []
