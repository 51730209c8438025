"""Add records to a workspace: new ones are added, known ones are completed, nothing is overwritten."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.formats.records import (
    AnnotationDraft,
    JudgementDraft,
    OriginalSource,
    PromptDraft,
    Record,
    ResponseDraft,
    VoteDraft,
)
from orbench_studio.services.data import journal_merge
from orbench_studio.services.data.entity_ids import Names
from orbench_studio.services.data.journal_merge import Restored
from orbench_studio.store.core import text_search
from orbench_studio.store.core.bulk_sql import add, ids_by, next_id
from orbench_studio.store.core.tables import ANNOTATIONS, JUDGEMENTS, PROMPTS, RESPONSES, SEEDS, VOTES
from orbench_studio.store.data import known_records
from orbench_studio.store.data.known_records import Key, KnownPrompt
from orbench_studio.store.review import derived_states, journal


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause garbage collection: an import makes millions of objects without cycles (a fifth of its time, measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class RecordPlace(NamedTuple):
    """The line of a draft in its file, its prompt, and its response if it is about one."""

    line: int
    prompt_id: int
    response_id: int | None = None


Origins = Sequence[tuple[int, OriginalSource | None]]  # of each draft


class RecordImport:
    """Adds the records of one source, a few thousand at a time, in a transaction of the caller.

    `source` returns the id of the source's row. It is called only for the first new record, so that a file of
    duplicates adds no source. With `restored` (source ids by their numbers in an export), records keep the source that
    they had in the exporting workspace.
    """

    def __init__(
        self,
        db: Connection,
        source: Callable[[], int],
        name: str,
        *,
        simulated: bool = False,
        restored: Restored | None = None,
    ) -> None:
        self._db = db
        self._source = source
        self._restored = restored
        self._name = name
        self._names = Names(db, simulated=simulated)
        self._first_prompt = next_id(db, PROMPTS)
        self._first_new = 0  # responses with this id or a higher one are new in this call of `add`
        self._entry: int | None = None
        self._touched_prompts: set[int] = set()
        self._touched_responses: set[int] = set()
        self._answered_prompts: set[int] = set()
        self._changed_lines: set[int] = set()
        self._stated: dict[
            Key, tuple[RecordPlace, Key]
        ] = {}  # the last decision of the file on each subject, by annotator
        self.added: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.imported = 0
        self.duplicates = 0

    def add(self, records: Sequence[Record]) -> None:
        """Add some records, a few thousand at a time."""
        self._changed_lines.clear()
        there = self._prompts(records)
        places = [RecordPlace(record.line, prompt.id) for record, prompt in zip(records, there, strict=True)]
        on_votes = [(place, vote) for place, r in zip(places, records, strict=True) for vote in r.votes]
        on_annotations = [(p, note) for p, r in zip(places, records, strict=True) for note in r.annotations]
        judged: list[tuple[RecordPlace, JudgementDraft]] = []
        for place, draft in self._responses(records, there):
            on_votes += [(place, vote) for vote in draft.votes]
            on_annotations += [(place, note) for note in draft.annotations]
            judged += [(place, judgement) for judgement in draft.judgements]
        self._judgements(judged)
        self._votes(on_votes)
        self._annotations([(place, note) for place, note in on_annotations if note.entry is None])
        self._decisions([(place, note) for place, note in on_annotations if note.entry is not None])
        imported = sum(1 for record in records if record.line in self._changed_lines)
        self.imported += imported
        self.duplicates += len(records) - imported

    def finish(self) -> None:
        """Update everything that is derived from the records."""
        self._restate()
        text_search.index_prompts(self._db, self._first_prompt)
        derived_states.refresh_responses(self._db, sorted(self._touched_responses))
        derived_states.refresh_prompts(self._db, sorted(self._touched_prompts))
        derived_states.recount_answers(self._db, sorted(self._answered_prompts - self._touched_prompts))

    def _prompts(self, records: Sequence[Record]) -> list[KnownPrompt]:
        drafts = [record.prompt for record in records]
        identities = [text_identity(draft.text) for draft in drafts]
        keys = {draft.external_key for draft in drafts if draft.external_key}
        by_identity, by_key = known_records.prompts(self._db, set(identities), keys)
        seeds = self._seeds(drafts)
        new: list[dict[str, Any]] = []
        fills: dict[int, dict[str, Any]] = {}
        free = next_id(self._db, PROMPTS)
        found = []
        for record, identity in zip(records, identities, strict=True):
            draft = record.prompt
            there = by_identity.get(identity) or by_key.get(draft.external_key or "")
            details = _details(draft, seeds)
            if there is None:
                there = KnownPrompt(free + len(new), draft.text, details)
                row = {"id": there.id, "identity": identity, "text": draft.text, **details}
                new.append(row | self._attributed(record.line, draft.original))
                self._changed_lines.add(record.line)
                self._touched_prompts.add(there.id)
                by_identity[identity] = there
            else:
                if by_key.get(draft.external_key or "", there).id != there.id:
                    details["external_key"] = None  # another prompt has it
                fills[there.id] = fills.get(there.id, {}) | self._missing(record, there, details)
            if there.details["external_key"] is not None:
                by_key[there.details["external_key"]] = there
            found.append(there)
        add(self._db, PROMPTS, new)
        for prompt_id, missing in fills.items():
            if missing:
                known_records.fill(self._db, prompt_id, missing)
        self.added["prompts"] += len(new)
        return found

    def _missing(self, record: Record, there: KnownPrompt, details: dict[str, Any]) -> dict[str, Any]:
        """The details of a known prompt that the workspace lacked and the record has."""
        draft = record.prompt
        missing = {k: v for k, v in details.items() if v is not None and there.details[k] is None}
        if "seed_id" in missing:
            missing["origin"] = draft.origin
        stored = json.loads(there.details["attributes"] or "{}")
        if draft.attributes and draft.attributes.keys() - stored.keys():
            missing["attributes"] = json.dumps({**draft.attributes, **stored}, ensure_ascii=False)
        if missing:
            self._source()  # a file that only completes known prompts is a source too
            there.details.update(missing)
            self._changed_lines.add(record.line)
            self._touched_prompts.add(there.id)
        if details["category"] not in (None, there.details["category"]):
            self.notes["prompts with another category in the file (the workspace keeps its own)"] += 1
        if there.text != draft.text:
            self.notes["prompts with another text in the file, matched by their id (the workspace keeps its own)"] += 1
        return missing

    def _seeds(self, drafts: Iterable[PromptDraft]) -> dict[str, int]:
        texts = {draft.seed: draft for draft in drafts if draft.seed}
        identities = {text_identity(text): text for text in texts}
        there = ids_by(self._db, SEEDS, "identity", list(identities))
        free = next_id(self._db, SEEDS)
        new: list[dict[str, Any]] = []
        for identity, text in identities.items():
            if identity not in there:
                there[identity] = free + len(new)
                draft = texts[text]
                named = draft.seed_category or draft.category
                row = {"id": there[identity], "identity": identity, "text": text, "category": named}
                new.append(row | {"source_id": self._attributed(0, draft.original)["source_id"]})
        add(self._db, SEEDS, new)
        self.added["seeds"] += len(new)
        return {text: there[identity] for identity, text in identities.items()}

    def _responses(
        self, records: Sequence[Record], there: Sequence[KnownPrompt]
    ) -> list[tuple[RecordPlace, ResponseDraft]]:
        wanted = [(r, prompt, d) for r, prompt in zip(records, there, strict=True) for d in r.responses]
        keys = [
            (p.id, self._names.model(d.model, d.simulated), d.identity or text_identity(d.text, d.error or ""))
            for _, p, d in wanted
        ]
        self._first_new = next_id(self._db, RESPONSES)
        found = known_records.responses(self._db, [key[0] for key in keys], {key[1] for key in keys})
        origins = [(record.line, draft.original) for record, _, draft in wanted]

        def row(index: int) -> dict[str, Any]:
            record, prompt, draft = wanted[index]
            prompt_id, model_id, identity = keys[index]
            return {
                "prompt_id": prompt_id,
                "model_id": model_id,
                "identity": identity,
                "text": draft.text,
                "stop_reason": draft.stop_reason,
                "error": draft.error,
                "asked": draft.asked or (record.prompt.text if record.prompt.text != prompt.text else None),
                "reference_class": draft.reference_class,
                "input_tokens": draft.input_tokens,
                "output_tokens": draft.output_tokens,
                "reasoning": draft.reasoning,
                "reasoning_tokens": draft.reasoning_tokens,
                "stop_details": draft.stop_details,
            }

        ids = self._merge(RESPONSES, origins, keys, found, row)
        placed = [
            (RecordPlace(record.line, prompt.id, response_id), draft)
            for (record, prompt, draft), response_id in zip(wanted, ids, strict=True)
        ]
        for place, draft in placed:
            self._settle(place, draft)
        return placed

    def _settle(self, place: RecordPlace, draft: ResponseDraft) -> None:
        """Store the source's final class for a response that had none."""
        if draft.reference_class is None or place.response_id is None or place.response_id >= self._first_new:
            return
        if known_records.fill_reference(self._db, place.response_id, draft.reference_class):
            self._source()
            self._changed_lines.add(place.line)
            self._touched_responses.add(place.response_id)
            self._answered_prompts.add(place.prompt_id)

    def _judgements(self, judged: Sequence[tuple[RecordPlace, JudgementDraft]]) -> None:
        keys = [
            (p.response_id, self._names.judge(d), d.identity or text_identity(d.answer_class, d.raw or d.explanation))
            for p, d in judged
        ]
        old = [p.response_id for p, _ in judged if p.response_id is not None and p.response_id < self._first_new]
        found = known_records.judgements(self._db, old)

        def row(index: int) -> dict[str, Any]:
            response_id, judge_id, identity = keys[index]
            draft = judged[index][1]
            start, end = draft.evidence or (None, None)
            return {
                "response_id": response_id,
                "judge_id": judge_id,
                "identity": identity,
                "answer_class": draft.answer_class,
                "explanation": draft.explanation,
                "evidence_start": start,
                "evidence_end": end,
                "raw": draft.raw,
                "template_hash": draft.template_hash,
            }

        origins = [(place.line, draft.original) for place, draft in judged]
        self._merge(JUDGEMENTS, origins, keys, found, row, [p for p, _ in judged])

    def _votes(self, cast: Sequence[tuple[RecordPlace, VoteDraft]]) -> None:
        keys = [
            (
                p.prompt_id,
                self._names.model(v.moderator),
                text_identity(v.verdict, v.category or "", v.raw, str(p.response_id)),
            )
            for p, v in cast
        ]
        found = known_records.votes(self._db, [key[0] for key in keys])

        def row(index: int) -> dict[str, Any]:
            place, vote = cast[index]
            prompt_id, moderator_id, identity = keys[index]
            return {
                "prompt_id": prompt_id,
                "response_id": place.response_id,
                "moderator_id": moderator_id,
                "identity": identity,
                "verdict": vote.verdict,
                "category": vote.category,
                "explanation": vote.explanation,
                "raw": vote.raw,
            }

        origins = [(place.line, vote.original) for place, vote in cast]
        self._merge(VOTES, origins, keys, found, row, [p for p, _ in cast])

    def _annotations(self, made: Sequence[tuple[RecordPlace, AnnotationDraft]]) -> None:
        keys = [(p.prompt_id, p.response_id, self._names.annotator(a), a.aspect, a.value, a.raw) for p, a in made]
        places = [place for place, _ in made]
        self._stated.update((key[:4], (place, key)) for place, key in zip(places, keys, strict=True))
        self._add_annotations(places, keys, known_records.imported_annotations(self._db, [key[0] for key in keys]))

    def _restate(self) -> None:
        """Repeat decisions of this file where another file, imported in between, has a different one."""
        latest = known_records.latest_annotations(self._db, [key[0] for key in self._stated])
        again = [(place, key) for thing, (place, key) in self._stated.items() if latest[thing] != key[4]]
        self._add_annotations([place for place, _ in again], [key for _, key in again], {})

    def _add_annotations(self, places: Sequence[RecordPlace], keys: Sequence[Key], found: dict[Key, int]) -> None:
        def row(index: int) -> dict[str, Any]:
            prompt_id, response_id, annotator_id, aspect, value, raw = keys[index]
            return {
                "journal_id": self._journal_entry(),
                "annotator_id": annotator_id,
                "prompt_id": prompt_id,
                "response_id": response_id,
                "aspect": aspect,
                "value": value,
                "raw": raw,
                "visible": Visible.RESPONSES if response_id is not None else "",
            }

        self._merge(ANNOTATIONS, [(place.line, None) for place in places], keys, found, row, places)

    def _decisions(self, made: Sequence[tuple[RecordPlace, AnnotationDraft]]) -> None:
        """Add decisions that were made in the studio, with their original journal entries."""
        rows = [
            journal_merge.MergedDecision(
                note, place.prompt_id, place.response_id, **self._attributed(place.line, note.original, of_file=False)
            )
            for place, note in made
        ]
        merged = journal_merge.merge(self._db, rows, self._restored.guidelines if self._restored else {})
        self._touched_prompts |= merged.prompt_ids
        self._touched_responses |= merged.response_ids
        self._changed_lines.update(place.line for place, _ in made if place.prompt_id in merged.prompt_ids)
        self.added["annotations"] += merged.annotations

    def _attributed(self, line: int, original: OriginalSource | None, *, of_file: bool = True) -> dict[str, int | None]:
        """The source and line of a new row."""
        if self._restored is not None:
            source, line = original or (None, 0)
            known = self._restored.sources.get(source) if source is not None else None
            return {"source_id": known, "source_line": line if known is not None else None}
        return {"source_id": self._source() if of_file else None, "source_line": line if of_file else None}

    def _merge(
        self,
        table: Table,
        origins: Origins,
        keys: Sequence[Key],
        found: dict[Key, int],
        row: Callable[[int], dict[str, Any]],
        places: Sequence[RecordPlace] = (),
    ) -> list[int]:
        """The ids of the rows with these keys; missing ones are added, each key once."""
        new: list[dict[str, Any]] = []
        free = next_id(self._db, table)
        touched = self._answered_prompts if table in (RESPONSES, JUDGEMENTS) else self._touched_prompts
        ids = []
        for index, key in enumerate(keys):
            row_id = found.get(key)
            if row_id is None:
                row_id = found[key] = free + len(new)
                values = row(index)
                values["id"] = row_id
                new.append(values | self._attributed(*origins[index]))
                self._changed_lines.add(origins[index][0])
                _, prompt_id, response_id = places[index] if places else (0, key[0], row_id)
                touched.add(prompt_id)
                if response_id is not None:
                    self._touched_responses.add(response_id)
            ids.append(row_id)
        add(self._db, table, new)
        self.added[table.name] += len(new)
        return ids

    def _journal_entry(self) -> int:
        if self._entry is None:
            summary = f"decisions imported from {self._name}"
            self._entry = journal.append(self._db, EntryKind.IMPORT, None, journal.moment(self._db, None), summary)
        return self._entry


def _details(draft: PromptDraft, seeds: dict[str, int]) -> dict[str, Any]:
    return {
        "category": draft.category,
        "origin": draft.origin,
        "seed_id": seeds[draft.seed] if draft.seed else None,
        "reference_label": draft.reference_label,
        "external_key": draft.external_key,
        "attributes": json.dumps(dict(draft.attributes), ensure_ascii=False) if draft.attributes else None,
    }
