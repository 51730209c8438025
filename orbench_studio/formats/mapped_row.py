"""The record of a row, through a mapping of its columns: the one way from cells to records."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, STOPPED, AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin, text_identity
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats import class_words, conversations, import_notes
from orbench_studio.formats.api_errors import is_api_error, is_nothing
from orbench_studio.formats.column_names import (
    OWN_RESPONSE,
    column_of_turns,
    is_undecided,
    may_be_undecided,
    sent_beside,
)
from orbench_studio.formats.known_faults import ApiErrorCell
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_responses import MappedResponses
from orbench_studio.formats.mapping import CODED, VERDICTS, ColumnMapping, Field
from orbench_studio.formats.nested_paths import alternatives, getter, within
from orbench_studio.formats.reader_interface import Sheet, category, prompt_text
from orbench_studio.formats.records import (
    CONTEXT,
    AnnotationDraft,
    JudgementDraft,
    PromptDraft,
    Record,
    ResponseDraft,
    RowError,
    VoteDraft,
)
from orbench_studio.formats.tables import Cells, NestedCell
from orbench_studio.formats.tally import EMPTY, NOT_READ, REJECTED, UNPARSED
from orbench_studio.formats.unread_parts import UnreadParts

_OWN = re.compile("[0-9a-f]{32}")


class MappedRow(MappedResponses):
    """Makes the record of a row; a part that no column gives is empty, an empty part is absent."""

    def __init__(self, sheet: Sheet, mapping: ColumnMapping, layout: Layout) -> None:
        header = sheet.header
        self._layout = layout
        is_own = mapping.columns.get(Field.PROMPT) == layout.mapping.columns.get(Field.PROMPT)
        self.before = [(name, sheet.column(name), by) for name, by in layout.before if is_own and name in header]
        self._attributes = [(name, sheet.column(name)) for name in layout.attributes if name in header]
        self._judges = [(who, kind, sheet.column(name)) for name, who, kind in layout.judges if name in header]
        self._annotators = [(who, sheet.column(name)) for name, who in layout.annotators if name in header]
        self._tests = [(sheet.column(name), value) for name, value in layout.test_error if name in header]
        super().__init__(sheet, mapping, layout)
        self._unread_parts = UnreadParts(header, mapping.columns, layout.more_paths, self._parsed)
        sheet.tally.unread_parts = self._unread_parts.paths
        self._answers = Field.RESPONSE in mapping.columns
        others = [other for other in layout.more_responses if alternatives(header, other[0])]
        self._more = [(getter(header, path, self._parsed), model) for path, model in others]
        at = None if layout.mapping.columns else column_of_turns(header)
        self._turns = at if at is not None and at not in sheet.bound else None
        parts = layout.not_read if layout.mapping.columns else sent_beside(header, sheet.bound)
        self._not_read = [(name, header.index(name)) for name in parts if name in header]
        is_decided = not layout.mapping.columns and {*CODED} - {Field.CATEGORY} & mapping.columns.keys()
        unbound = ((at, name) for at, name in enumerate(header) if at not in sheet.bound)
        self._states = [(at, name) for at, name in unbound if is_decided and may_be_undecided(name)]

    def record(self, line: int, cells: Cells) -> Record:
        self._begin()
        try:
            self._require_values(cells)
            record = self._record(line, cells)
        except RowError:
            self._reject()
            raise
        self._settle(record, cells)
        undecided = [f"{name} {cells[at].strip()}" for at, name in self._states if is_undecided(name, cells[at])]
        self._tally.undecided.update(undecided)
        self._unread_parts.add(cells, record)
        return record

    def _record(self, line: int, cells: Cells) -> Record:
        given = self._value(Field.PROMPT, cells)
        asked = conversations.read(given, self._columns[Field.PROMPT])
        is_turn = asked is not None
        if asked is None:
            text = prompt_text(self._plain(Field.PROMPT, given))
            if is_nothing(text):
                self._note(import_notes.NOTHING)
            text = self._with_context(text, cells)
            asked = conversations.Conversation(text)
        asked = asked if asked.system else asked._replace(system=self._stated(Field.SYSTEM, cells))
        self._later(self._tallies[Field.PROMPT].add_text, asked.prompt, is_turn)
        if self._is_later_turn(cells):
            self._note(import_notes.LATER_TURNS)
        self._later(self._tally.unread_turns.update, [*map(class_words.shortened, asked.unread)])
        self._count_beside(asked, cells)
        label = self._label(cells)
        annotator = self._who(Field.ANNOTATOR, cells)
        draft = self._prompt(asked, None if annotator else label, cells)
        responses = (*self._responses(asked, annotator, cells), *self._others(cells))
        is_of_class = any(decided.reason for response in responses for decided in response.annotations)
        decisions = self._decisions(annotator, label, "" if is_of_class else self._stated(Field.REASON, cells))
        if Field.ANNOTATOR in self._columns and not annotator and (label or any(r.reference_class for r in responses)):
            self._note(import_notes.NO_ANNOTATOR)
        on_prompt = (Field.VERDICT, Field.PROMPT_VERDICT)
        votes = tuple(vote for part in on_prompt for vote in self._votes(part, None, cells))
        return Record(line, draft, votes, responses, decisions)

    def _files_beside(self, cells: Cells) -> Iterator[str]:
        """The places of pictures and other files in the list in which the text of the prompt is."""
        path, _, place = self._columns[Field.PROMPT].rpartition(".")
        is_in_list = place.isdigit() and path.rpartition(".")[2] != "turns"  # those are of a conversation
        for at, steps in alternatives(self._header, path) if is_in_list else ():
            parts = within(self._parsed.value(at, cells[at]), steps)
            for other, part in enumerate(parts) if isinstance(parts, list) else ():
                if str(other) != place and isinstance(part, str) and class_words.is_file_name(part):
                    yield f"{path}.{other}"

    def _decisions(self, annotator: str, label: Label | None, reason: str) -> tuple[AnnotationDraft, ...]:
        """The label with its reason; a reason of no decision is a note."""
        if annotator and label:
            return (AnnotationDraft(annotator, Aspect.LABEL, label, reason=reason or None),)
        if annotator and reason:
            self._note(import_notes.REASON_NOTES)
            return (AnnotationDraft(annotator, Aspect.NOTE, reason),)
        return ()

    def _with_context(self, text: str, cells: Cells) -> str:
        """The prompt after the text that was sent before it."""
        for name, at, separator in self.before:
            if not is_nothing(cells[at]):
                self._note(f"prompts that begin with the text of {name}")
                text = f"{cells[at]}{separator}{text}"
        return text

    def _count_beside(self, asked: conversations.Conversation, cells: Cells) -> None:
        """Count the parts of what was sent that are not read."""
        if self._turns is not None and conversations.is_of_model(cells[self._turns]):
            self._note(import_notes.TURNS)
        beside = ((name, cells[at]) for name, at in self._not_read)
        unread = [name for name, cell in beside if not (is_nothing(cell) or class_words.is_bare(cell))]
        parts = dict.fromkeys((*asked.media, *self._files_beside(cells), *unread), 1)
        self._later(self._tally.not_read.update, parts)

    def _prompt(self, asked: conversations.Conversation, reference: Label | None, cells: Cells) -> PromptDraft:
        seed = self._seed(cells)
        more = dict(zip(CONTEXT, (asked.system, asked.earlier), strict=True))
        return PromptDraft(
            prompt_text(asked.prompt),
            self._category(cells),
            Origin.REWRITE if seed else Origin.IMPORTED,
            seed,
            reference,
            self._key(cells),
            {name: cells[at] for name, at in self._attributes if cells[at]} | {k: v for k, v in more.items() if v},
        )

    def _seed(self, cells: Cells) -> str | None:
        """The prompt's seed; a number is one of a random generator."""
        stated = self._stated(Field.SEED, cells)
        if stated and class_words.is_bare(stated):
            self._count(Field.SEED, stated, NOT_READ)
            return None
        if Field.SEED in self._tallies:
            self._later(self._tallies[Field.SEED].add_text, stated)
        return stated or None

    def _key(self, cells: Cells) -> str | None:
        stated = self._text(Field.KEY, cells).strip()
        if Field.KEY in self._tallies:
            self._later(self._tallies[Field.KEY].add_text, stated)
        return self._layout.key_of(stated)

    def _category(self, cells: Cells) -> str | None:
        value = class_words.listed(self._value(Field.CATEGORY, cells))
        is_several = isinstance(value, list) and all(isinstance(name, str) for name in value)
        stated = "; ".join(value) if is_several else self._plain(Field.CATEGORY, value)
        meaning = self._meaning(Field.CATEGORY, stated)
        try:
            found = category(stated if meaning is None else meaning)
        except RowError:
            self._tallies[Field.CATEGORY].add(stated, REJECTED)
            raise
        self._count_category(stated, found)
        return found

    def _label(self, cells: Cells) -> Label | None:
        part = Field.PROMPT_LABEL if Field.PROMPT_LABEL in self._columns else Field.LABEL
        stated = self._text(part, cells)
        if not stated.strip():
            self._count_empty(part)
            return None
        meaning = self._meaning(part, stated)
        if meaning == "":
            self._count(part, stated, NOT_READ)
            return None
        found = Label(meaning or self._usual(part, stated) or self._ask(part, stated))
        self._count(part, stated, found)
        return found

    def _votes(self, part: Field, number: int | None, cells: Cells) -> tuple[VoteDraft, ...]:
        """The vote that a verdict is, on the prompt or on the n-th response."""
        if part not in self._columns:
            return ()
        stated, explanation = (
            self._text(of, cells) if number is None else self._sample_of(of, number, cells)
            for of in (part, Field.EXPLANATION)
        )
        stated = stated if number is None else stated.strip()
        meaning = self._meaning(part, stated)
        if meaning == "":
            self._count(part, stated, NOT_READ)
        if meaning == "" or not (stated.strip() or explanation.strip()):
            self._count_empty(part, is_empty=not stated.strip())
            return ()
        found = meaning or self._usual(part, stated)
        if found is None and class_words.is_bare(stated):
            self._ask(part, stated)
        verdict = Verdict(found or Verdict.UNPARSED)
        self._count(part, stated if stated.strip() else EMPTY, verdict)
        return (VoteDraft(self._name(Field.MODERATOR, cells), verdict, None, explanation, stated),)

    def _responses(self, asked: conversations.Conversation, annotator: str, cells: Cells) -> tuple[ResponseDraft, ...]:
        if self._answers:
            texts = self._texts(cells, asked.prompt)
            if asked.reply and asked.reply not in texts.values():
                self._note(import_notes.OWN_REPLY)
        elif asked.reply is not None:
            texts = {1: asked.reply}
        else:
            is_failed = Field.ERROR in self._columns or (asked.has_null_reply and self._says_of(1, cells))
            texts = {1: ""} if is_failed else {}
        if not texts and (self._answers or asked.has_null_reply):
            self._note(import_notes.NO_RESPONSES)
        has_no_model = self._has_no_model(cells)
        may_be_none = self._layout.skips_empty_responses or (self._layout.may_lack_model and has_no_model)
        if not texts or (may_be_none and not any(texts.values())):
            return ()
        if has_no_model:
            self._note(import_notes.NO_MODEL)
            return ()
        model = self._name(Field.MODEL, cells)
        if model == self._layout.mapping.values.get(Field.MODEL):
            self._note(f"responses stored as those of {model}, as the format says (unless --model says another)")
        self._require_each(self._samples, cells)
        drafts = ((at, self._response(model, text, at, asked, cells)) for at, text in texts.items())
        return tuple(self._classed(draft, annotator, at, cells) for at, draft in drafts)

    def _has_no_model(self, cells: Cells) -> bool:
        """Whether a response is left out because its model is not named, instead of rejecting the row."""
        return (self._layout.may_lack_model or not self._answers) and not self._who(Field.MODEL, cells)

    def _response(
        self, model: str, text: str, number: int, asked: conversations.Conversation, cells: Cells
    ) -> ResponseDraft:
        self._count_response(text, asked.prompt, cells)
        refused = self._refused(number, cells)
        stop, error, details = self._stop(text, number, cells, is_refused=bool(refused))
        if isinstance(refused, str) and refused not in text:
            text = "\n".join(filter(None, (text, refused)))
        if isinstance(text, ApiErrorCell):
            text = ""
        row = self._text(Field.SAMPLE, cells).strip()
        sample = ".".join(filter(None, (row, str(number) if number > 1 else "")))
        return ResponseDraft(
            model,
            text,
            stop,
            error,
            asked=asked.asked,
            stop_details=details,
            reasoning=self._reasoning(number, cells),
            votes=self._votes(Field.RESPONSE_VERDICT, number, cells),
            judgements=tuple(self._judgements(cells)),
            annotations=tuple(self._annotations(cells)),
            identity=self._identity(text, sample),
        )

    def _identity(self, text: str, sample: str) -> bytes | None:
        """The identity of a sample, or that of a response which the studio exported."""
        if self._columns.get(Field.SAMPLE, "").endswith(OWN_RESPONSE) and _OWN.fullmatch(sample):
            return bytes.fromhex(sample)
        return text_identity(text, f"sample {sample}") if sample else None

    def _count_response(self, text: str, prompt: str, cells: Cells) -> None:
        """Count a response, and whether it is an error, which the doctor finds only in a cell of its own."""
        is_error = type(text) is str and bool(text) and (is_api_error(text) or is_nothing(text))
        if self._answers:
            self._later(self._tallies[Field.RESPONSE].add_response, text, prompt, is_error)
        if is_error and (not self._answers or any(isinstance(cells[at], NestedCell) for at, _ in self._places)):
            self._note(import_notes.API_ERRORS)

    def _others(self, cells: Cells) -> Iterator[ResponseDraft]:
        """The responses of other models in columns of their own."""
        for get, model in self._more:
            value = get(cells)
            if isinstance(value, str) and value.strip():
                yield ResponseDraft(model, value)
            elif value:
                self._note(f"responses of {model} that are no texts, and were not read")

    def _stop(
        self, text: str, number: int, cells: Cells, *, is_refused: bool
    ) -> tuple[StopReason, str | None, str | None]:
        """Why a response ended, its error, and what a vendor says of a refusal or a block in the place of an error.

        In a known format, an error beside a text is of a test or a judge.
        """
        error, stated = self._stated(Field.ERROR, cells), self._sample_of(Field.STOP_REASON, number, cells).strip()
        error = "" if class_words.is_no_error(error) else error
        if isinstance(text, ApiErrorCell) and not (error and is_nothing(text)):
            error = "\n".join(filter(None, (error, text)))
        word = class_words.word(stated).rpartition(".")[2]  # Python writes FinishReason.STOP
        stop, details = class_words.STOPS.get(word, StopReason.UNKNOWN), None
        stop = StopReason.REFUSED if is_refused and stop is not StopReason.BLOCKED else stop
        if error:
            has_text = not (is_nothing(text) or is_api_error(text))
            is_of_test = any(cells[at] == value for at, value in self._tests) and not text
            is_known = (has_text and bool(self._layout.mapping.columns)) or is_of_test
            if not is_known and stop in (StopReason.REFUSED, StopReason.BLOCKED):
                details = json.dumps({"error": error}, ensure_ascii=False)
                self._count_text(Field.ERROR, error)
            elif not is_known:
                self._later(self._tally.notes.update, {import_notes.ERRORS_WITH_TEXT: int(has_text)})
                return StopReason.ERROR, error, None
        if Field.ERROR in self._columns and not self._answers and not stated:
            return StopReason.ERROR, "unknown error", None
        if stated:
            self._count(Field.STOP_REASON, stated, stop)
        else:
            self._count_empty(Field.STOP_REASON)
        return stop, error or stated if stop is StopReason.ERROR else None, details

    def _judgements(self, cells: Cells) -> Sequence[JudgementDraft]:
        return [
            JudgementDraft(judge, kind, self._class_of(cells[at], judge) or AnswerClass.UNPARSED, raw=cells[at])
            for judge, kind, at in self._judges
            if cells[at].strip()
        ]

    def _annotations(self, cells: Cells) -> Sequence[AnnotationDraft]:
        found = [(who, self._class_of(cells[at], who), cells[at]) for who, at in self._annotators if cells[at].strip()]
        for who, answer, stated in found:
            if answer is None:
                raise RowError(f"{class_words.shortened(stated)} of {who} is not an answer class")
        return [AnnotationDraft(who, Aspect.ANSWER_CLASS, str(answer), stated) for who, answer, stated in found]

    def _class_of(self, stated: str, who: str) -> AnswerClass | None:
        found = class_words.answer_class(stated)
        self._outcomes.append((self._tally.column(Field.ANSWER_CLASS, who), stated, found or UNPARSED))
        return found

    def _classed(self, draft: ResponseDraft, annotator: str, number: int, cells: Cells) -> ResponseDraft:
        """The response with the answer class that its row states."""
        parts = (Field.ANSWER_CLASS, Field.IS_REFUSAL)
        values = {part: self._sample_of(part, number, cells).strip() for part in parts if part in self._columns}
        for part in values:
            self._count_empty(part, is_empty=not values[part])
        if not any(values.values()):
            return draft
        part, stated = next((part, stated) for part, stated in values.items() if stated)
        other = values.get(Field.IS_REFUSAL, "") if part is Field.ANSWER_CLASS else ""
        if other:
            self._count(Field.IS_REFUSAL, other, NOT_READ)  # beside an answer class, which says more
        meaning = self._meaning(part, stated)
        if meaning == "":
            self._count(part, stated, NOT_READ)
            return draft
        found = class_words.answer_class(meaning) if meaning else self._usual(part, stated)
        judge = self._who(Field.JUDGE, cells)
        if found is None and (not judge or class_words.is_bare(stated)):
            self._ask(part, stated)
        answer = AnswerClass(found or AnswerClass.UNPARSED)
        if other and self._contradicts(other, answer):
            self._note(import_notes.OTHER_REFUSAL)
        self._count(part, stated, answer)
        if judge:
            explanation = "" if self._columns.keys() & VERDICTS else self._sample_of(Field.EXPLANATION, number, cells)
            judged = JudgementDraft(judge, self._layout.judge_kind, answer, explanation, raw=stated)
            return replace(draft, judgements=(*draft.judgements, judged))
        if annotator and answer in STOPPED:
            raise RowError(
                f"{class_words.shortened(stated)} is a class that vendors report; annotators cannot assign it"
            )
        if annotator:
            why = self._stated(Field.REASON, cells) or None
            decided = AnnotationDraft(annotator, Aspect.ANSWER_CLASS, answer, stated, why)
            return replace(draft, annotations=(*draft.annotations, decided))
        return replace(draft, reference_class=answer)

    def _contradicts(self, stated: str, answer: AnswerClass) -> bool:
        """Whether the column of refusals says the opposite of a class; a partial refusal is both."""
        meaning, column = self._meaning(Field.IS_REFUSAL, stated), self._columns[Field.IS_REFUSAL]
        found = class_words.refusal(stated, column) if meaning is None else class_words.answer_class(meaning)
        pair = {found, answer} - {AnswerClass.PARTIAL_REFUSAL}
        return pair <= {*ANSWERS} and len({each in REFUSALS for each in pair}) > 1
