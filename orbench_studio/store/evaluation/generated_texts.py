"""Texts that models have written: new ones become seeds or prompts, duplicates are set aside."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from orbench_studio.domain.core.prompt import Origin, text_identity
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.domain.generation.list_reply import Listing
from orbench_studio.store.core import text_search
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.bulk_insert import add, ids_by, inserted
from orbench_studio.store.core.generation_tables import GENERATED_TEXTS, GENERATION_ITEMS, RETURNED_SEEDS
from orbench_studio.store.core.tables import MODELS, PROMPT_STATES, PROMPTS, SEEDS

_G, _T = GENERATION_ITEMS.c, GENERATED_TEXTS.c


class SetAside(NamedTuple):
    """A duplicate: `same_as` is the text of the earlier seed or prompt.

    `is_same` if they differ at most in case, spaces and punctuation; else they are near duplicates.
    """

    text: str
    same_as: str
    is_seed: bool
    is_same: bool


class Unread(NamedTuple):
    """A reply without a text: the model declined, or the reply could not be parsed."""

    raw: str
    declined: bool


def form_of(text: str) -> bytes:
    """A normal form: equal for texts that differ only in case, spaces, punctuation and Unicode form."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return text_identity(" ".join(re.findall(r"\w+", plain)))


def seeds(db: Connection, after: int) -> list[tuple[int, str]]:
    """The (id, text) of all seeds with a larger id, in order."""
    rows = db.execute(select(SEEDS.c.id, SEEDS.c.text).where(SEEDS.c.id > after).order_by(SEEDS.c.id))
    return [(int(seed_id), str(text)) for seed_id, text in rows]


def store(
    db: Connection, item_id: int, listing: Listing, reply: dict[str, Any], near: Mapping[str, Sequence[str]]
) -> list[int]:
    """Store the texts of an item; return the ids of the new prompts.

    `near` maps a text to its near duplicates, most similar first. The text counts as a duplicate of the first one that
    is a seed (or, for rewrites, a prompt) of this workspace.
    """
    db.execute(update(GENERATION_ITEMS).where(_G.item_id == item_id).values(reply | {"declined": listing.declined}))
    item = db.execute(
        select(_G.seed_id, _G.category, SEEDS.c.category.label("of_seed"))
        .outerjoin(SEEDS, SEEDS.c.id == _G.seed_id)
        .where(_G.item_id == item_id)
    ).one()
    known = _known(db, item, [*listing.texts, *(other for text in listing.texts for other in near.get(text, ()))])
    rows: list[dict[str, Any]] = []
    new: list[int] = []
    for position, text in enumerate(listing.texts):
        form = form_of(text)
        existing = known.get(form) or _first(known, near.get(text, ()))
        row = {"item_id": item_id, "position": position, "form": form, "text": text if existing else None}
        if existing is None:
            existing = known[form] = _add(db, item, text)
            new += [existing["prompt_id"]] if existing["prompt_id"] else []
        rows.append(row | existing)
    add(db, GENERATED_TEXTS, rows)
    if new:
        text_search.index_prompts(db, min(new))
    return new


def _first(known: Mapping[bytes, dict[str, int | None]], near: Iterable[str]) -> dict[str, int | None] | None:
    return next((known[form] for form in map(form_of, near) if form in known), None)


def _add(db: Connection, item: Any, text: str) -> dict[str, int | None]:
    """Add a text as a seed, or as a prompt if it is a rewrite."""
    row: dict[str, Any] = {"identity": text_identity(text), "text": text}
    if item.seed_id is None:
        row["category"] = item.category
        return {"seed_id": inserted(db, SEEDS, row), "prompt_id": None}
    row.update({"category": item.of_seed, "origin": Origin.REWRITE, "seed_id": item.seed_id})
    return {"seed_id": None, "prompt_id": inserted(db, PROMPTS, row)}


def _known(db: Connection, item: Any, texts: Sequence[str]) -> dict[bytes, dict[str, int | None]]:
    """The duplicates of the texts, by normal form.

    Exact duplicates of any seed or prompt, and texts generated here with the same normal form. A rewrite that repeats
    its seed is a duplicate of it.
    """
    identities = {text_identity(text): form_of(text) for text in texts}
    found: dict[bytes, dict[str, int | None]] = {}
    rewrites = item.seed_id is not None
    table, name, other = (PROMPTS, "prompt_id", "seed_id") if rewrites else (SEEDS, "seed_id", "prompt_id")
    for identity, row_id in ids_by(db, table, "identity", list(identities)).items():
        found[identities[identity]] = {name: row_id, other: None}
    written = select(_T.form, _T[name]).where(
        _T.form.in_(identities.values()), _T.text.is_(None), _T[name].is_not(None)
    )
    for form, row_id in db.execute(written):
        found.setdefault(form, {name: row_id, other: None})
    if rewrites:
        seed = db.execute(select(SEEDS.c.text).where(SEEDS.c.id == item.seed_id)).scalar_one()
        found.setdefault(form_of(seed), {"seed_id": item.seed_id, "prompt_id": None})
    return found


def set_aside(db: Connection, *, seeds: bool, limit: int) -> list[SetAside]:
    """Duplicates that were set aside, latest first: of seeds, or of rewrites."""
    statement = (
        select(_T.text, func.coalesce(PROMPTS.c.text, SEEDS.c.text), _T.prompt_id.is_(None))
        .join(GENERATION_ITEMS, _G.item_id == _T.item_id)
        .outerjoin(SEEDS, SEEDS.c.id == _T.seed_id)
        .outerjoin(PROMPTS, PROMPTS.c.id == _T.prompt_id)
        .where(_T.text.is_not(None), _G.seed_id.is_(None) if seeds else _G.seed_id.is_not(None))
    )
    rows = db.execute(statement.order_by(_T.id.desc()).limit(limit))
    return [
        SetAside(text, same_as, bool(is_seed), form_of(text) == form_of(same_as)) for text, same_as, is_seed in rows
    ]


def unread(db: Connection, limit: int) -> list[Unread]:
    """Replies without a text, latest first."""
    empty = select(_G.raw, _G.declined).where(_G.raw.is_not(None), _G.item_id.not_in(select(_T.item_id)))
    rows = db.execute(empty.order_by(_G.item_id.desc()).limit(limit))
    return [Unread(raw, bool(declined)) for raw, declined in rows]


def pool(db: Connection, *, categories: Sequence[str] = (), rounds: int = 0, model: str | None = None) -> list[int]:
    """The ids of seeds to rewrite: of these categories (default all), and at most from this round.

    Without seeds that the model has rewritten or is going to rewrite.
    """
    round_of = func.coalesce(RETURNED_SEEDS.c.round, 0)
    statement = select(SEEDS.c.id).outerjoin(RETURNED_SEEDS, RETURNED_SEEDS.c.seed_id == SEEDS.c.id)
    statement = statement.where(round_of <= rounds)
    if categories:
        statement = statement.where(SEEDS.c.category.in_(categories))
    if model is not None:
        requested = select(_G.seed_id).join(BATCH_ITEMS, BATCH_ITEMS.c.id == _G.item_id)
        requested = requested.join(MODELS, MODELS.c.id == BATCH_ITEMS.c.model_id)
        unsuccessful = (ItemState.FAILED, ItemState.CANCELLED)
        requested = requested.where(
            MODELS.c.name == model, BATCH_ITEMS.c.state.not_in(unsuccessful), _G.seed_id.is_not(None)
        )
        statement = statement.where(SEEDS.c.id.not_in(requested))
    return [int(seed_id) for seed_id in db.execute(statement.order_by(SEEDS.c.id)).scalars()]


def return_toxic(db: Connection, rounds: int) -> int:
    """Add rewrites with the final label toxic to the seeds, up to this round; return how many."""
    of_seed = func.coalesce(RETURNED_SEEDS.c.round, 0)
    found = (
        select(PROMPTS.c.id, PROMPTS.c.text, PROMPTS.c.identity, PROMPT_STATES.c.category, of_seed)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == PROMPTS.c.id)
        .outerjoin(RETURNED_SEEDS, RETURNED_SEEDS.c.seed_id == PROMPTS.c.seed_id)
        .where(PROMPTS.c.origin == Origin.REWRITE, PROMPT_STATES.c.final_label == "toxic", of_seed < rounds)
        .where(PROMPTS.c.id.not_in(select(RETURNED_SEEDS.c.prompt_id)))
    )
    rows = db.execute(found.order_by(PROMPTS.c.id)).all()
    seed_ids = ids_by(db, SEEDS, "identity", [row.identity for row in rows])
    returned = 0
    for prompt_id, text, identity, category, before in rows:
        if identity not in seed_ids:
            row = {"identity": identity, "text": text, "category": category}
            seed_id = seed_ids[identity] = inserted(db, SEEDS, row)
            link = {"seed_id": seed_id, "prompt_id": prompt_id, "round": before + 1}
            add(db, RETURNED_SEEDS, [link])
            returned += 1
    return returned


class Counts(NamedTuple):
    """Numbers of seeds, duplicates, toxic rewrites returned to the seeds, replies without a text, imported rewrites."""

    seeds: int
    seeds_set_aside: int
    rewrites_set_aside: int
    returned: int
    declined: int
    unread: int
    imported: int


def counts(db: Connection) -> Counts:
    aside = select(func.count()).select_from(GENERATED_TEXTS).join(GENERATION_ITEMS, _G.item_id == _T.item_id)
    aside = aside.where(_T.text.is_not(None))
    empty = select(func.count()).select_from(GENERATION_ITEMS).where(_G.raw.is_not(None))
    nothing = _G.item_id.not_in(select(_T.item_id))
    rewrites = select(func.count()).select_from(PROMPTS).where(PROMPTS.c.origin == Origin.REWRITE)
    written = select(_T.prompt_id).where(_T.prompt_id.is_not(None), _T.text.is_(None))
    statements = (
        select(func.count()).select_from(SEEDS),
        aside.where(_G.seed_id.is_(None)),
        aside.where(_G.seed_id.is_not(None)),
        select(func.count()).select_from(RETURNED_SEEDS),
        empty.where(_G.declined.is_(True)),
        empty.where(_G.declined.is_(False), nothing),
        rewrites.where(PROMPTS.c.id.not_in(written)),
    )
    return Counts(*(int(db.execute(statement).scalar_one()) for statement in statements))
