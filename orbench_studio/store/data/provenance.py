"""What an export tells besides its rows: the files things came from, guidelines, subsets, and what is safe."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from orbench_studio.store.core.bulk_insert import ids_by, inserted
from orbench_studio.store.core.tables import GUIDELINES, PROMPTS, SOURCES, SUBSET_PROMPTS, SUBSETS, WORKSPACE

_SOURCE = ("name", "sha256", "format", "imported_at")


def all_ids(db: Connection) -> list[int]:
    """Every prompt, in the order of its coming."""
    return list(db.execute(select(PROMPTS.c.id).order_by(PROMPTS.c.id)).scalars())


def sources(db: Connection) -> list[dict[str, Any]]:
    """The files that something was taken from, by their numbers here."""
    columns = [SOURCES.c.id.label("number"), *(SOURCES.c[name] for name in _SOURCE)]
    return [dict(row._mapping) for row in db.execute(select(*columns).order_by(SOURCES.c.id))]


def restore_sources(db: Connection, found: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """The ids here of an export's sources, by their numbers there; those that are not there are added."""
    there = {tuple(row[1:]): row.number for row in db.execute(_numbered())}
    ids = {}
    for source in found:
        values = {name: source[name] for name in _SOURCE}
        key = tuple(values.values())
        if key not in there:
            there[key] = inserted(db, SOURCES, values)
        ids[int(source["number"])] = int(there[key])
    return ids


def _numbered() -> Any:
    return select(SOURCES.c.id.label("number"), *(SOURCES.c[name] for name in _SOURCE))


def restore_guidelines(db: Connection, found: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """The ids here of an export's guidelines, by their versions there; those that are not there are added."""
    g = GUIDELINES.c
    there = {(row.text, row.created_at): row.id for row in db.execute(select(GUIDELINES))}
    ids = {}
    for guideline in found:
        key = guideline["text"], guideline["created_at"]
        if key not in there:
            there[key] = inserted(db, GUIDELINES, {g.text.name: key[0], g.created_at.name: key[1]})
        ids[int(guideline["version"])] = int(there[key])
    return ids


def restore_rule(db: Connection, rule: str) -> bool:
    """Set the voting rule if the workspace has no prompts; whether it has none."""
    is_empty = db.execute(select(PROMPTS.c.id).limit(1)).first() is None
    if is_empty:
        db.execute(update(WORKSPACE).values(consensus_rule=rule))
    return is_empty


def subsets(db: Connection, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The subsets with these names, or all, with the identities of their prompts in order."""
    wanted = select(SUBSETS).order_by(SUBSETS.c.name)
    if names is not None:
        wanted = wanted.where(SUBSETS.c.name.in_(names))
    found = []
    for row in db.execute(wanted).all():
        p = SUBSET_PROMPTS.c
        placed = select(PROMPTS.c.identity).join(SUBSET_PROMPTS, p.prompt_id == PROMPTS.c.id)
        identities = db.execute(placed.where(p.subset_id == row.id).order_by(p.position)).scalars()
        values = {name: value for name, value in row._mapping.items() if name != "id"}
        found.append(values | {"prompts": [identity.hex() for identity in identities]})
    return found


def restore_subsets(db: Connection, found: Sequence[Mapping[str, Any]]) -> int:
    """Add the subsets whose names are free, with those of their prompts that are there; how many were added."""
    there = set(db.execute(select(SUBSETS.c.name)).scalars())
    added = 0
    for subset in found:
        if subset["name"] in there:
            continue
        values = {column.name: subset[column.name] for column in SUBSETS.c if column.name != "id"}
        subset_id = inserted(db, SUBSETS, values)
        identities = [bytes.fromhex(identity) for identity in subset["prompts"]]
        ids = ids_by(db, PROMPTS, "identity", identities)
        rows = [{"position": at, "prompt_id": ids[i]} for at, i in enumerate(identities, start=1) if i in ids]
        if rows:
            db.execute(insert(SUBSET_PROMPTS), [row | {"subset_id": subset_id} for row in rows])
        added += 1
    return added
