"""Human choices of annotation tools: labels, categories and answer classes, and free texts as notes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import parse_category
from orbench_studio.domain.core.judgement import STOPPED
from orbench_studio.formats import class_words
from orbench_studio.formats.column_names import REPLY, words_of
from orbench_studio.formats.file_mapping import mapping_of
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_row import MappedRow
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.formats.reader_interface import Bound, Sheet
from orbench_studio.formats.records import AnnotationDraft, Record
from orbench_studio.formats.tables import Cells
from orbench_studio.formats.tally import NOT_READ

_FIELD = "choice"
_OF_ITEMS = ("accept", "accepted", "reject", "rejected")  # said of an item, not of a response


class Choice(NamedTuple):
    """What a person chose in a control, or wrote there if it `is_text`.

    `about` names the text that it is said of, `of_part` is of a choice about some of its words.
    """

    annotator: str
    value: str
    control: str
    is_text: bool = False
    about: str = ""
    of_part: bool = False

    @property
    def is_of_response(self) -> bool:
        """Whether the names say that a response is judged, so that safe and toxic are no label of the prompt."""
        return bool(words_of(f"{self.about} {self.control}") & REPLY)


Choices = Callable[[Cells], Iterable[Choice]]


def bind(sheet: Sheet, base: ColumnMapping, choices: Choices, identity: list[int]) -> Bound:
    """Bind a format of people's choices: `base` says where the texts are, if the user does not."""
    mapping = mapping_of(sheet, base, may_lack_model=True)
    row = MappedRow(sheet, mapping, Layout(may_lack_model=True))
    meanings = {_words(stated): meaning for stated, meaning in sheet.options.meanings.items()}

    def take(line: int, cells: Cells) -> Record:
        record = row.record(line, cells)
        decided = [
            draft
            for choice in choices(cells)
            if (draft := _decided(sheet, choice, meanings, answered=bool(record.responses))) is not None
        ]
        of_prompt = (draft for draft in decided if draft.aspect is not Aspect.ANSWER_CLASS)
        of_response = tuple(draft for draft in decided if draft.aspect is Aspect.ANSWER_CLASS)
        responses = tuple(replace(r, annotations=(*r.annotations, *of_response)) for r in record.responses)
        return replace(record, responses=responses, annotations=(*record.annotations, *of_prompt))

    return Bound(take, identity)


def _words(stated: str) -> str:
    """A value, or `CONTROL:VALUE`, as words."""
    control, mark, value = stated.partition(":")
    return f"{class_words.word(control)}{mark}{class_words.word(value)}"


def _decided(sheet: Sheet, choice: Choice, meanings: dict[str, str], *, answered: bool) -> AnnotationDraft | None:
    """The decision that a choice states; None, and counted, for a choice of another kind."""
    annotator, stated, control = choice[:3]
    tally = sheet.tally.column(_FIELD, control)
    if choice.is_text:
        tally.add_text(stated)
        return AnnotationDraft(annotator, Aspect.NOTE, stated) if stated.strip() else None
    of_control = meanings.get(_words(f"{control}:{stated}"))
    meaning = of_control if of_control is not None else meanings.get(_words(stated), stated)
    label, category = class_words.LABELS.get(class_words.word(meaning)), parse_category(meaning)
    answer = None if class_words.word(meaning) in _OF_ITEMS else class_words.answer_class(meaning)
    answer = None if answer in STOPPED else answer
    is_category = class_words.word(meaning) == "harmful" and control.lower().startswith("categ")
    if is_category or (choice.is_of_response and not of_control):
        label = None
    aspects = ((Aspect.LABEL, label), (Aspect.ANSWER_CLASS, answer), (Aspect.CATEGORY, category))
    for aspect, found in () if choice.of_part else aspects:
        if found is not None and (aspect is not Aspect.ANSWER_CLASS or answered):
            tally.add(stated, found)
            return AnnotationDraft(annotator, aspect, found, stated)
    if not meaning:
        tally.stated[class_words.word(stated)] = ""
    tally.add(stated, NOT_READ)
    return None
