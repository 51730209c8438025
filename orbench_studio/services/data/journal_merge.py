"""Merge journals of other workspaces: the union of their entries, in any order and any number of times.

A merge reports conflicts: what the same person decided differently on two machines that did not know of each other.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from orbench_studio.domain.data.merge_conflict import MergeConflict
from orbench_studio.formats.records import AnnotationDraft, EntryDraft
from orbench_studio.store.core.bulk_insert import add, id_of, ids_by, inserted, next_id, rows_of
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL
from orbench_studio.store.data import concurrent_decisions
from orbench_studio.store.review import journal

_PROMPT_NUMBER = re.compile(r"#\d+")
Key = tuple[int, int, int, int | None, str, str]  # entry, annotator, prompt, response, aspect, value


@dataclass(frozen=True, slots=True)
class Restored:
    """The ids, in this workspace, of an export's sources and guidelines, by their numbers in the export."""

    sources: Mapping[int, int] = field(default_factory=dict)
    guidelines: Mapping[int, int] = field(default_factory=dict)


class MergedDecision(NamedTuple):
    """A decision of another journal about a prompt of this workspace, or a response to it.

    `number` counts those that are alike in one entry: a file may return to an earlier decision.
    """

    draft: AnnotationDraft
    prompt_id: int
    response_id: int | None = None
    source_id: int | None = None
    source_line: int | None = None
    number: int = 1


@dataclass(slots=True)
class Merged:
    """Result of a merge: the number of new decisions, and the affected prompts and responses."""

    annotations: int = 0
    prompt_ids: set[int] = field(default_factory=set)
    response_ids: set[int] = field(default_factory=set)


class JournalMerge:
    """Adds the journal of one file, some decisions at a time, in a transaction without other writers."""

    def __init__(self, db: Connection, file: str) -> None:
        self._db, self._file = db, file
        self._first_annotation, self._first_entry = next_id(db, ANNOTATIONS), next_id(db, JOURNAL)
        self._uuids: set[str] = set()

    def add(self, decisions: Sequence[MergedDecision], guidelines: Mapping[int, int]) -> Merged:
        """Add missing journal entries and decisions; the caller refreshes the derived states."""
        merged = Merged()
        if not decisions:
            return merged
        about = {each.draft.entry: each.prompt_id for each in reversed(decisions) if each.draft.entry is not None}
        entries, _ = _entries(self._db, about, {}, guidelines)
        merged.annotations = _annotations(self._db, decisions, entries, merged)
        reversals = {undone: each.prompt_id for each in reversed(decisions) for undone in each.draft.undone}
        undoing, undone = _entries(self._db, reversals, entries, {})
        self._uuids.update(entries, undoing)
        prompt_ids, response_ids = journal.touched_by(self._db, undone)
        merged.prompt_ids.update(prompt_ids)
        merged.response_ids.update(response_ids)
        return merged

    def conflicts(self) -> list[MergeConflict]:
        """Find the conflicts between the journals, after all decisions of the file were added."""
        return concurrent_decisions.conflicts(
            self._db, self._file, self._uuids, self._first_annotation, self._first_entry
        )


def _entries(
    db: Connection, drafts: Mapping[EntryDraft, int], targets: Mapping[str, int], guidelines: Mapping[int, int]
) -> tuple[dict[str, int], list[int]]:
    """Add missing entries; returns all ids by uuid, and the targets of the new ones. `drafts` has a prompt of each."""
    found = ids_by(db, JOURNAL, "uuid", sorted({draft.uuid for draft in drafts}))
    reversed_entries = []
    for draft in sorted(drafts, key=lambda draft: (draft.counter, draft.at, draft.uuid)):
        if draft.uuid in found:
            continue
        row: dict[str, Any] = {"uuid": draft.uuid, "kind": draft.kind, "at": draft.at, "counter": draft.counter}
        row["annotator_id"] = id_of(db, ANNOTATORS, {"name": draft.annotator}) if draft.annotator else None
        row["target_id"] = targets[draft.target] if draft.target else None
        row["summary"] = _PROMPT_NUMBER.sub(f"#{drafts[draft]}", draft.message, count=1)
        row["guideline_id"] = guidelines.get(draft.guideline) if draft.guideline else None
        found[draft.uuid] = inserted(db, JOURNAL, row)
        if draft.target:
            reversed_entries.append(targets[draft.target])
    return found, reversed_entries


def _annotations(
    db: Connection, decisions: Sequence[MergedDecision], entries: Mapping[str, int], merged: Merged
) -> int:
    there = _there(db, {one.prompt_id for one in decisions}, set(entries.values()))
    names = {name: id_of(db, ANNOTATORS, {"name": name}) for name in sorted({one.draft.annotator for one in decisions})}
    new = []
    for one in decisions:
        draft = one.draft
        assert draft.entry is not None  # all of them were made in the studio
        entry = entries[draft.entry.uuid]
        key = (entry, names[draft.annotator], one.prompt_id, one.response_id, str(draft.aspect), draft.value)
        if there[key] >= one.number:
            continue
        there[key] += 1
        row: dict[str, Any] = {"journal_id": entry, "annotator_id": names[draft.annotator], "prompt_id": one.prompt_id}
        row |= {"response_id": one.response_id, "aspect": draft.aspect, "value": draft.value, "visible": draft.visible}
        row |= {"reason": draft.reason, "raw": draft.raw, "source_id": one.source_id, "source_line": one.source_line}
        new.append(row)
        merged.prompt_ids.add(one.prompt_id)
        if one.response_id is not None:
            merged.response_ids.add(one.response_id)
    add(db, ANNOTATIONS, new)
    return len(new)


def _there(db: Connection, prompt_ids: Collection[int], entries: Collection[int]) -> Counter[Key]:
    """How often each decision is there."""
    a = ANNOTATIONS.c
    columns = (a.journal_id, a.annotator_id, a.prompt_id, a.response_id, a.aspect, a.value)
    rows = rows_of(db, select(*columns), a.prompt_id, sorted(prompt_ids))
    return Counter(tuple(row) for row in rows if row.journal_id in entries)
