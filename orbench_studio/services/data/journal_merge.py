"""Other studios' journals into this one: the union of the deeds, whatever comes first and however often."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from orbench_studio.formats.records import AnnotationDraft, EntryDraft
from orbench_studio.store.core.bulk_sql import add, chunks, id_of, ids_by, in_list, inserted
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL
from orbench_studio.store.review import journal

_HERE = re.compile(r"#\d+")
Key = tuple[int, int, int, int | None, str, str]  # entry, annotator, prompt, response, aspect, value


@dataclass(frozen=True, slots=True)
class Restored:
    """What an export knows besides its rows: the ids here of its sources and guidelines, by their numbers there."""

    sources: Mapping[int, int] = field(default_factory=dict)
    guidelines: Mapping[int, int] = field(default_factory=dict)


class MergedDecision(NamedTuple):
    """A decision of another journal about a prompt, or a response to it, of this workspace."""

    draft: AnnotationDraft
    prompt_id: int
    response_id: int | None = None
    source_id: int | None = None
    source_line: int | None = None


@dataclass(slots=True)
class Merged:
    """What was new."""

    annotations: int = 0
    prompt_ids: set[int] = field(default_factory=set)
    response_ids: set[int] = field(default_factory=set)


def merge(db: Connection, said: Sequence[MergedDecision], guidelines: Mapping[int, int]) -> Merged:
    """Add the deeds and decisions that are not in the journal; states are for the caller to refresh."""
    merged = Merged()
    if not said:
        return merged
    about = {one.draft.deed: one.prompt_id for one in reversed(said) if one.draft.deed is not None}
    entries, _ = _entries(db, about, {}, guidelines)
    merged.annotations = _annotations(db, said, entries, merged)
    back = {undone: one.prompt_id for one in reversed(said) for undone in one.draft.undone}
    _, undone = _entries(db, back, entries, {})
    prompt_ids, response_ids = journal.touched_by(db, undone)
    merged.prompt_ids.update(prompt_ids)
    merged.response_ids.update(response_ids)
    return merged


def _entries(
    db: Connection, deeds: Mapping[EntryDraft, int], targets: Mapping[str, int], guidelines: Mapping[int, int]
) -> tuple[dict[str, int], list[int]]:
    """The entries of the deeds, by uuid, and the targets of those that were new; `deeds` has a prompt of each."""
    found = ids_by(db, JOURNAL, "uuid", sorted({deed.uuid for deed in deeds}))
    back = []
    for deed in sorted(deeds, key=lambda deed: (deed.at, deed.uuid)):
        if deed.uuid in found:
            continue
        row: dict[str, Any] = {"uuid": deed.uuid, "kind": deed.kind, "at": deed.at}
        row["annotator_id"] = id_of(db, ANNOTATORS, {"name": deed.annotator}) if deed.annotator else None
        row["target_id"] = targets[deed.target] if deed.target else None
        row["summary"] = _HERE.sub(f"#{deeds[deed]}", deed.message, count=1)
        row["guideline_id"] = guidelines.get(deed.guideline) if deed.guideline else None
        found[deed.uuid] = inserted(db, JOURNAL, row)
        if deed.target:
            back.append(targets[deed.target])
    return found, back


def _annotations(db: Connection, said: Sequence[MergedDecision], entries: Mapping[str, int], merged: Merged) -> int:
    there = _there(db, {one.prompt_id for one in said}, set(entries.values()))
    names = {name: id_of(db, ANNOTATORS, {"name": name}) for name in sorted({one.draft.annotator for one in said})}
    new = []
    for one in said:
        draft = one.draft
        assert draft.deed is not None  # only what was decided in a studio comes here
        entry = entries[draft.deed.uuid]
        key = (entry, names[draft.annotator], one.prompt_id, one.response_id, str(draft.aspect), draft.value)
        if key in there:
            continue
        there.add(key)
        row: dict[str, Any] = {"journal_id": entry, "annotator_id": names[draft.annotator], "prompt_id": one.prompt_id}
        row |= {"response_id": one.response_id, "aspect": draft.aspect, "value": draft.value, "visible": draft.visible}
        row |= {"reason": draft.reason, "raw": draft.raw, "source_id": one.source_id, "source_line": one.source_line}
        new.append(row)
        merged.prompt_ids.add(one.prompt_id)
        if one.response_id is not None:
            merged.response_ids.add(one.response_id)
    add(db, ANNOTATIONS, new)
    return len(new)


def _there(db: Connection, prompt_ids: Collection[int], entries: Collection[int]) -> set[Key]:
    a = ANNOTATIONS.c
    columns = (a.journal_id, a.annotator_id, a.prompt_id, a.response_id, a.aspect, a.value)
    found: set[Key] = set()
    for some in chunks(sorted(prompt_ids)):
        rows = db.execute(select(*columns).where(in_list(a.prompt_id, some)))
        found.update(tuple(row) for row in rows if row.journal_id in entries)
    return found
