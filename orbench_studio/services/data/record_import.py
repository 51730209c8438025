"""Add records to a workspace: new ones are added, known ones are completed, nothing is overwritten."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.data.merge_conflict import conflict_texts
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.formats.records import AnnotationDraft, JudgementDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.services.data.journal_merge import JournalMerge, MergedDecision, Restored
from orbench_studio.services.data.near_prompts import normal
from orbench_studio.services.data.prompt_import import OTHER_CONTEXT, PromptImport
from orbench_studio.services.data.restatements import Restatements, repeated
from orbench_studio.services.data.row_merge import RecordPlace, RowMerge
from orbench_studio.store.core import text_search
from orbench_studio.store.core.bulk_insert import next_id
from orbench_studio.store.core.tables import ANNOTATIONS, JUDGEMENTS, PROMPTS, RESPONSES, VOTES
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


_STATED_BY = {
    VOTES: "verdicts of one moderator",
    JUDGEMENTS: "answer classes of one judge",
    ANNOTATIONS: "decisions of one annotator",
}


class RecordImport:
    """Adds the records of one source, a few thousand at a time, in a transaction of the caller.

    For `source` and `restored` see `RowMerge`. With `join_near`, prompts that differ only in white space or quotation
    marks are the same.
    """

    def __init__(
        self,
        db: Connection,
        source: Callable[[], int],
        name: str,
        *,
        simulated: bool = False,
        restored: Restored | None = None,
        join_near: bool = False,
    ) -> None:
        self._merge = RowMerge(db, source, simulated=simulated, restored=restored)
        self._prompts = PromptImport(self._merge, join_near=join_near)
        self._judged = Restatements(self._merge, JUDGEMENTS, ("response_id", "judge_id", "identity"))
        self._voted = Restatements(self._merge, VOTES, ("prompt_id", "moderator_id", "identity"))
        self._name = name
        self._first_prompt = next_id(db, PROMPTS)
        self._first_response = next_id(db, RESPONSES)
        self._first_new = 0  # responses with this id or a higher one are new in this call of `add`
        self._journal = JournalMerge(db, name)
        self._entry: int | None = None
        # the last decision of the file on each subject, by annotator
        self._stated: dict[Key, tuple[RecordPlace, Key]] = {}
        self._reasons: dict[Key, str] = {}  # of decisions
        self._changed = bytearray()  # 1 for each record that added something

    @property
    def imported(self) -> int:
        """The number of records that added something."""
        return sum(self._changed)

    @property
    def duplicates(self) -> int:
        return len(self._changed) - self.imported

    @property
    def added(self) -> Counter[str]:
        """The number of new rows by kind."""
        return self._merge.added

    @property
    def notes(self) -> Counter[str]:
        """Further notes about the imported records, with counts."""
        return self._merge.notes

    @property
    def differing(self) -> Counter[tuple[str, str]]:
        """The rows that state something else than an earlier one of the file: what, and about which kind of record."""
        return self._merge.differing

    def contradicted(self) -> dict[str, int]:
        """How many prompts and responses have several values of one person or model in the file, by what those are."""
        return {
            what: known_records.contradicted(self._merge.db, self._merge.source(), table)
            for table, what in _STATED_BY.items()
            if self.added[table.name]
        }

    def add(self, records: Sequence[Record]) -> None:
        """Add some records, a few thousand at a time."""
        self._merge.changed_records.clear()
        first = len(self._changed)
        there = self._prompts.add(records, first)
        places = [
            RecordPlace(number, record.line, prompt.id)
            for number, (record, prompt) in enumerate(zip(records, there, strict=True), first)
        ]
        on_votes = [(place, vote) for place, r in zip(places, records, strict=True) for vote in r.votes]
        on_annotations = [(p, note) for p, r in zip(places, records, strict=True) for note in r.annotations]
        judged: list[tuple[RecordPlace, JudgementDraft]] = []
        for place, draft in self._responses(records, places, there):
            on_votes += [(place, vote) for vote in draft.votes]
            on_annotations += [(place, note) for note in draft.annotations]
            judged += [(place, judgement) for judgement in draft.judgements]
        self._judgements(judged)
        self._votes(on_votes)
        self._annotations([(place, note) for place, note in on_annotations if note.entry is None])
        self._decisions([(place, note) for place, note in on_annotations if note.entry is not None])
        self._changed += bytes(place.record in self._merge.changed_records for place in places)

    def finish(self) -> list[str]:
        """Update everything that is derived from the records. Describes conflicts between decisions of one person."""
        self._merge.changed_records.clear()
        self._restate()
        self._judged.finish()
        self._voted.finish()
        for number in self._merge.changed_records:
            self._changed[number] = 1
        text_search.index_prompts(self._merge.db, self._first_prompt)
        derived_states.refresh_responses(self._merge.db, sorted(self._merge.touched_responses))
        derived_states.refresh_prompts(self._merge.db, sorted(self._merge.touched_prompts))
        derived_states.recount_answers(
            self._merge.db, sorted(self._merge.answered_prompts - self._merge.touched_prompts)
        )
        return conflict_texts(self._journal.conflicts())

    def _responses(
        self, records: Sequence[Record], places: Sequence[RecordPlace], there: Sequence[KnownPrompt]
    ) -> list[tuple[RecordPlace, ResponseDraft]]:
        wanted = [(p, prompt, d) for p, r, prompt in zip(places, records, there, strict=True) for d in r.responses]
        sent = [d.asked or records[place.record - len(self._changed)].prompt.text for place, _, d in wanted]
        keys = [
            (p.id, self._merge.names.model(d.model, d.simulated), _response_identity(d, asked))
            for (_, p, d), asked in zip(wanted, sent, strict=True)
        ]
        self._first_new = next_id(self._merge.db, RESPONSES)
        found = known_records.responses(self._merge.db, [key[0] for key in keys], {key[1] for key in keys})
        self._find_by_text(keys, found, [draft for _, _, draft in wanted])
        self._tell_apart(keys, found, sent, [prompt.text for _, prompt, _ in wanted])
        origins = [(place.record, place.line, draft.original) for place, _, draft in wanted]

        def row(index: int) -> dict[str, Any]:
            _, prompt, draft = wanted[index]
            prompt_id, model_id, identity = keys[index]
            return {
                "prompt_id": prompt_id,
                "model_id": model_id,
                "identity": identity,
                "text": draft.text,
                "stop_reason": draft.stop_reason,
                "error": draft.error,
                "asked": sent[index] if sent[index] != prompt.text else None,
                "reference_class": draft.reference_class,
                "input_tokens": draft.input_tokens,
                "output_tokens": draft.output_tokens,
                "reasoning": draft.reasoning,
                "reasoning_tokens": draft.reasoning_tokens,
                "stop_details": draft.stop_details,
            }

        ids = self._merge.merge(RESPONSES, origins, keys, found, row)
        placed = [
            (place._replace(response_id=response_id), draft)
            for (place, _, draft), response_id in zip(wanted, ids, strict=True)
        ]
        inserted = {response_id: at for at, response_id in reversed(list(enumerate(ids)))}
        for at, (place, draft) in enumerate(placed):
            if ids[at] < self._first_new or inserted[ids[at]] != at:
                self._settle(place, draft)
        return placed

    def _find_by_text(self, keys: Sequence[Key], found: dict[Key, int], drafts: Sequence[ResponseDraft]) -> None:
        """Find earlier responses of batches, and samples, by their texts: their identities are others."""
        answered = {key[:2] for key in found}
        missing = [
            (key, draft.text)
            for key, draft in zip(keys, drafts, strict=True)
            if key not in found and key[:2] in answered and draft.identity is None and not draft.error
        ]
        if missing:
            ids, models = [key[0] for key, _ in missing], {key[1] for key, _ in missing}
            there = known_records.responses_by_text(self._merge.db, ids, models, before=self._first_response)
            same = ((key, there.get((*key[:2], text))) for key, text in missing)
            found.update((key, response_id) for key, response_id in same if response_id is not None)

    def _tell_apart(self, keys: list[Key], found: dict[Key, int], sent: Sequence[str], prompts: Sequence[str]) -> None:
        """Change the keys of responses that are equal to an earlier one, but for what was sent.

        Where only one of two files says that more than the prompt was sent, the other may not know it: they stay equal.
        """
        ids = {found[key] for key in keys if key in found}
        stored = known_records.details(self._merge.db, RESPONSES, ["asked"], ids)
        before: dict[Key, str] = {}
        for at, (key, asked, prompt) in enumerate(zip(keys, sent, prompts, strict=True)):
            known = stored[found[key]]["asked"] or prompt if key in found else asked
            first = before.setdefault(key, known)
            if first == asked or normal(first) == normal(asked):
                continue
            other = (*key[:2], _sent_otherwise(key[2], asked))
            is_of_file = found.get(key, self._first_response) >= self._first_response
            if is_of_file or other in found or prompt not in (first, asked):
                keys[at] = other
            else:
                self._merge.count_other(OTHER_CONTEXT, "response", is_of_file=False)

    def _settle(self, place: RecordPlace, draft: ResponseDraft) -> None:
        """Store the source's final class for a response that had none."""
        if draft.reference_class is None or place.response_id is None:
            return
        if known_records.fill_reference(self._merge.db, place.response_id, draft.reference_class):
            self._merge.source()
            self._merge.changed_records.add(place.record)
            self._merge.touched_responses.add(place.response_id)
            self._merge.answered_prompts.add(place.prompt_id)

    def _judgements(self, judged: Sequence[tuple[RecordPlace, JudgementDraft]]) -> None:
        keys = [
            (
                p.response_id,
                self._merge.names.judge(d),
                d.identity or text_identity(d.answer_class, d.raw or d.explanation),
            )
            for p, d in judged
        ]
        old = [p.response_id for p, _ in judged if p.response_id is not None and p.response_id < self._first_new]
        found = known_records.judgements(self._merge.db, old)

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
                "refusal": draft.refusal,
            }

        origins = [(place.record, place.line, draft.original) for place, draft in judged]
        first_new, places = next_id(self._merge.db, JUDGEMENTS), [place for place, _ in judged]
        ids = self._merge.merge(JUDGEMENTS, origins, keys, found, row, places)
        if not self._are_exported([draft for _, draft in judged]):
            self._judged.add(places, ids, first_new, row)

    def _are_exported(self, drafts: Sequence[VoteDraft | JudgementDraft]) -> bool:
        """Whether an export of a workspace has these, which has them in their order."""
        return self._merge.restored is not None or any(draft.original for draft in drafts)

    def _votes(self, cast: Sequence[tuple[RecordPlace, VoteDraft]]) -> None:
        keys = [(p.prompt_id, self._merge.names.model(v.moderator, v.simulated), _vote_identity(p, v)) for p, v in cast]
        found = known_records.votes(self._merge.db, [key[0] for key in keys])
        if is_export := self._are_exported([vote for _, vote in cast]):  # all votes on a prompt are in its row
            there = known_records.votes_by_content(self._merge.db, [key[0] for key in keys])
            counts = Counter[tuple[int, Key]]()
            for at, ((place, vote), key) in enumerate(zip(cast, keys, strict=True)):
                counts[place.record, key] += 1
                number = counts[place.record, key]
                keys[at] = (*key[:2], repeated(key[2], number))
                same = there.get((*key[:2], place.response_id, vote.verdict, vote.category, vote.raw), ())
                if number <= len(same):
                    found[keys[at]] = same[number - 1]

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
                "template_hash": vote.template_hash,
            }

        origins = [(place.record, place.line, vote.original) for place, vote in cast]
        first_new, places = next_id(self._merge.db, VOTES), [place for place, _ in cast]
        ids = self._merge.merge(VOTES, origins, keys, found, row, places)
        if not is_export:
            self._voted.add(places, ids, first_new, row)

    def _annotations(self, made: Sequence[tuple[RecordPlace, AnnotationDraft]]) -> None:
        keys = [(p.prompt_id, p.response_id, self._merge.names.annotator(a), a.aspect, a.value, a.raw) for p, a in made]
        for key, (_, a) in zip(keys, made, strict=True):
            if a.reason:
                self._reasons.setdefault(key, a.reason)
        places = [place for place, _ in made]
        firsts = {key: at for at, key in reversed(list(enumerate(keys)))}
        reasons = [
            a.reason or (self._reasons.get(key) if firsts[key] == at else None)
            for at, (key, (_, a)) in enumerate(zip(keys, made, strict=True))
        ]
        self._stated.update((key[:4], (place, key)) for place, key in zip(places, keys, strict=True))
        found = known_records.imported_annotations(self._merge.db, [key[0] for key in keys])
        self._add_annotations(places, keys, reasons, found)

    def _restate(self) -> None:
        """Repeat decisions of this file where another file, imported in between, has a different one."""
        latest = known_records.latest_annotations(self._merge.db, [key[0] for key in self._stated])
        again = [(place, key) for thing, (place, key) in self._stated.items() if latest[thing] != key[4]]
        keys = [key for _, key in again]
        self._add_annotations([place for place, _ in again], keys, list(map(self._reasons.get, keys)), {})

    def _add_annotations(
        self,
        places: Sequence[RecordPlace],
        keys: Sequence[Key],
        reasons: Sequence[str | None],
        found: dict[Key, int],
    ) -> None:
        entry = self._journal_entry() if any(key not in found for key in keys) else None

        def row(index: int) -> dict[str, Any]:
            prompt_id, response_id, annotator_id, aspect, value, raw = keys[index]
            return {
                "journal_id": entry,
                "annotator_id": annotator_id,
                "prompt_id": prompt_id,
                "response_id": response_id,
                "aspect": aspect,
                "value": value,
                "raw": raw,
                "reason": reasons[index],
                "visible": Visible.RESPONSES if response_id is not None else "",
            }

        origins = [(place.record, place.line, None) for place in places]
        self._merge.merge(ANNOTATIONS, origins, keys, found, row, places)

    def _decisions(self, made: Sequence[tuple[RecordPlace, AnnotationDraft]]) -> None:
        """Add decisions of an export with their original journal entries. All those on a subject are in one row."""
        counts = Counter[Key]()
        rows = []
        for place, note in made:
            alike = (place.record, place.response_id, note.entry, note.annotator, note.aspect, note.value)
            counts[alike] += 1
            attributed = self._merge.attributed(place.line, note.original, of_file=False)
            rows.append(MergedDecision(note, place.prompt_id, place.response_id, **attributed, number=counts[alike]))
        merged = self._journal.add(rows, self._merge.restored.guidelines if self._merge.restored else {})
        self._merge.touched_prompts |= merged.prompt_ids
        self._merge.touched_responses |= merged.response_ids
        self._merge.changed_records.update(place.record for place, _ in made if place.prompt_id in merged.prompt_ids)
        self.added["annotations"] += merged.annotations

    def _journal_entry(self) -> int:
        if self._entry is None:
            summary = f"decisions imported from {self._name}"
            self._entry = journal.append(
                self._merge.db, EntryKind.IMPORT, None, journal.moment(self._merge.db, None), summary
            )
        return self._entry


def _response_identity(draft: ResponseDraft, asked: str) -> bytes:
    """The identity of a response by its text, also where another workspace has changed it."""
    plain = text_identity(draft.text, draft.error or "")
    is_plain = draft.identity is None or draft.identity == _sent_otherwise(plain, asked)
    return plain if is_plain else draft.identity or plain


def _sent_otherwise(identity: bytes, asked: str) -> bytes:
    return text_identity(identity.hex(), normal(asked))


def _vote_identity(place: RecordPlace, vote: VoteDraft) -> bytes:
    return text_identity(vote.verdict, vote.category or "", vote.raw, str(place.response_id))
