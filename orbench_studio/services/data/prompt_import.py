"""The prompts and seeds of imported records: new ones are added, known ones are completed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.formats.records import CONTEXT, PromptDraft, Record
from orbench_studio.services.data.near_prompts import NearPrompts, normal
from orbench_studio.services.data.row_merge import RowMerge
from orbench_studio.store.core.bulk_insert import add, ids_by, next_id
from orbench_studio.store.core.tables import PROMPTS, SEEDS
from orbench_studio.store.data import known_records
from orbench_studio.store.data.known_records import KnownPrompt

NEAR = "prompts that differ from one here only in white space or quotation marks (they can be joined)"
JOINED = "prompts joined with one here that differs only in white space or quotation marks"

OTHER_KEY = "keys not stored, because another prompt has them"
OTHER_CONTEXT = "system prompt or other earlier turns"
OTHER_PROMPT = "responses stored with another text than they answer, because it has their prompt's id"
_COMPARED = {"category": "category", "seed_id": "seed", "reference_label": "label", "external_key": "key"}
OTHER_TEXT = "prompts with another text in the file, matched by their id (the workspace keeps its own)"


class PromptImport:
    """Adds prompts; with `join_near` a text that differs only in white space or quotation marks is a known one."""

    def __init__(self, merge: RowMerge, *, join_near: bool) -> None:
        self._merge = merge
        self._join_near = join_near
        self._near = NearPrompts(merge.db)
        self._first_new = next_id(merge.db, PROMPTS)

    def add(self, records: Sequence[Record], first: int) -> list[KnownPrompt]:
        """The prompts of these records, which begin with this one: known ones completed, others added."""
        drafts = [record.prompt for record in records]
        identities = [text_identity(draft.text) for draft in drafts]
        keys = {draft.external_key for draft in drafts if draft.external_key}
        by_identity, by_key = known_records.prompts(self._merge.db, set(identities), keys)
        twins = self._near.twins(drafts, identities, by_identity, by_key)
        placed = by_identity.copy()
        seeds = self._seeds(drafts)
        new: list[dict[str, Any]] = []
        fills: dict[int, dict[str, Any]] = {}
        free = next_id(self._merge.db, PROMPTS)
        found = []
        for number, (record, identity) in enumerate(zip(records, identities, strict=True), first):
            draft = record.prompt
            there = by_identity.get(identity) or by_key.get(draft.external_key or "")
            twin = None if there is not None else placed.get(twins.get(identity, b""))
            if twin is not None:
                self._merge.notes[JOINED if self._join_near else NEAR] += 1
                there = twin if self._join_near else None
            details = _details(draft, seeds)
            if there is None:
                there = KnownPrompt(free + len(new), draft.text, details)
                row = {"id": there.id, "identity": identity, "text": draft.text, **details}
                new.append(row | self._merge.attributed(record.line, draft.original))
                self._merge.changed_records.add(number)
                self._merge.touched_prompts.add(there.id)
                by_identity[identity] = there
            else:
                if by_key.get(draft.external_key or "", there).id != there.id:
                    details["external_key"] = None
                    self._merge.notes[OTHER_KEY] += 1
                fills[there.id] = fills.get(there.id, {}) | self._missing(number, record, there, details)
            if there.details["external_key"] is not None:
                by_key[there.details["external_key"]] = there
            placed[identity] = there
            found.append(there)
        add(self._merge.db, PROMPTS, new)
        for prompt_id, missing in fills.items():
            if missing:
                known_records.fill(self._merge.db, prompt_id, missing)
        self._merge.added["prompts"] += len(new)
        return found

    def _missing(self, number: int, record: Record, there: KnownPrompt, details: dict[str, Any]) -> dict[str, Any]:
        """The details of a known prompt that the workspace lacked and the record has."""
        draft = record.prompt
        missing = {k: v for k, v in details.items() if v is not None and there.details[k] is None}
        if "seed_id" in missing:
            missing["origin"] = draft.origin
        stored = json.loads(there.details["attributes"] or "{}")
        lacks = draft.attributes.keys() - stored.keys()
        if stored.keys() & CONTEXT:  # a system prompt and earlier turns were sent together
            lacks -= set(CONTEXT)
        if lacks:
            of_record = {name: text for name, text in draft.attributes.items() if name in lacks}
            missing["attributes"] = json.dumps({**of_record, **stored}, ensure_ascii=False)
        if missing:
            self._merge.source()  # a file that only completes known prompts is a source too
            there.details.update(missing)
            self._merge.changed_records.add(number)
            self._merge.touched_prompts.add(there.id)
        self._count_others(record, there, details)
        if there.text != draft.text and normal(there.text) != normal(draft.text):
            self._merge.notes[OTHER_TEXT] += 1
            self._merge.notes.update([OTHER_PROMPT] * len(record.responses))
        return missing

    def _count_others(self, record: Record, there: KnownPrompt, details: dict[str, Any]) -> None:
        """Count what a repeated prompt states in another way than its first row."""
        stated: dict[str, Any] = {name: details[column] for column, name in _COMPARED.items()}
        stored: dict[str, Any] = {name: there.details[column] for column, name in _COMPARED.items()}
        stated |= {name: text for name, text in record.prompt.attributes.items() if name not in CONTEXT}
        stored |= json.loads(there.details["attributes"] or "{}") if record.prompt.attributes else {}
        if not record.responses:  # else the response has it
            stated[OTHER_CONTEXT], stored[OTHER_CONTEXT] = map(_context, (record.prompt.attributes, stored))
        for name, value in stated.items():
            if value not in (None, stored[name]):
                self._merge.count_other(name, "prompt", is_of_file=there.id >= self._first_new)

    def _seeds(self, drafts: Iterable[PromptDraft]) -> dict[str, int]:
        texts: dict[str, PromptDraft] = {}
        for draft in drafts:
            if draft.seed:
                texts.setdefault(draft.seed, draft)
        identities = {text_identity(text): text for text in texts}
        there = ids_by(self._merge.db, SEEDS, "identity", list(identities))
        free = next_id(self._merge.db, SEEDS)
        new: list[dict[str, Any]] = []
        for identity, text in identities.items():
            if identity not in there:
                there[identity] = free + len(new)
                draft = texts[text]
                named = draft.seed_category or (draft.category if draft.original is None else None)
                row = {"id": there[identity], "identity": identity, "text": text, "category": named}
                new.append(row | {"source_id": self._merge.attributed(0, draft.original)["source_id"]})
        add(self._merge.db, SEEDS, new)
        self._merge.added["seeds"] += len(new)
        return {text: there[identity] for identity, text in identities.items()}


def _context(attributes: Mapping[str, str]) -> tuple[str | None, ...] | None:
    """The system prompt and the earlier turns; None if there is neither."""
    found = tuple(attributes.get(name) for name in CONTEXT)
    return found if any(found) else None


def _details(draft: PromptDraft, seeds: dict[str, int]) -> dict[str, Any]:
    return {
        "category": draft.category,
        "origin": draft.origin,
        "seed_id": seeds[draft.seed] if draft.seed else None,
        "reference_label": draft.reference_label,
        "external_key": draft.external_key,
        "attributes": json.dumps(dict(draft.attributes), ensure_ascii=False) if draft.attributes else None,
    }
