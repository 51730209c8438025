"""Read any other table through a column mapping."""

from collections.abc import Callable

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, STOPPED, XSTEST, AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.formats import xstest
from orbench_studio.formats.known_faults import category_is_prompt
from orbench_studio.formats.mapping import ColumnMapping, Field, propose
from orbench_studio.formats.reader_interface import (
    Bound,
    Reader,
    Sheet,
    category,
    prompt_text,
    shortened,
    truth,
)
from orbench_studio.formats.records import (
    AnnotationDraft,
    JudgementDraft,
    PromptDraft,
    Record,
    ResponseDraft,
    RowError,
    VoteDraft,
)
from orbench_studio.formats.tables import Cells

Part = Callable[[Cells], str]

LABELS = {
    "safe": Label.SAFE,
    "benign": Label.SAFE,
    "unsafe": Label.TOXIC,
    "toxic": Label.TOXIC,
    "harmful": Label.TOXIC,
    "controversial": Label.CONTROVERSIAL,
}
_VERDICTS = {
    "true": Verdict.TOXIC,
    "1": Verdict.TOXIC,
    "toxic": Verdict.TOXIC,
    "unsafe": Verdict.TOXIC,
    "false": Verdict.SAFE,
    "0": Verdict.SAFE,
    "safe": Verdict.SAFE,
}
ANSWER_CLASSES: dict[str, AnswerClass] = {
    **{answer.value: answer for answer in ANSWERS},
    **xstest.CLASSES,
    **{name: answer for answer, name in reversed(XSTEST.items())},
    "full_refusal": AnswerClass.DIRECT_REFUSAL,
    **{stopped.value: stopped for stopped in STOPPED},
    "blocked": AnswerClass.BLOCKED_BY_FILTER,
}
_ABOUT = (Field.PROMPT, Field.SEED, Field.MODEL, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)


def _bind(sheet: Sheet) -> Bound:
    mapping = _mapping(sheet)
    parts = {field: _part(sheet, mapping, field) for field in Field if mapping.gives(field)}
    row = _MappedRow(parts)

    def take(line: int, cells: Cells) -> Record:
        return row.record(line, cells)

    columns = mapping.columns
    identity = [sheet.column(columns[field]) for field in _ABOUT if field in columns]
    prompt = sheet.column(columns[Field.PROMPT])
    if Field.CATEGORY not in columns:
        return Bound(take, identity)
    return Bound(take, identity, (category_is_prompt(sheet.column(columns[Field.CATEGORY]), prompt),))


def _mapping(sheet: Sheet) -> ColumnMapping:
    options = sheet.options
    mapping = options.mapping or propose(sheet.header) or ColumnMapping()
    mapping = mapping.with_values(
        {
            Field.MODEL: options.model,
            Field.MODERATOR: options.moderator,
            Field.JUDGE: options.judge,
            Field.ANNOTATOR: options.annotator,
        }
    )
    problems = mapping.problems(sheet.header)
    if problems:
        raise sheet.fault(f"{'; '.join(problems)}. Match the columns to fields.")
    return mapping


def _part(sheet: Sheet, mapping: ColumnMapping, field: Field) -> Part:
    if field in mapping.columns:
        at = sheet.column(mapping.columns[field])
        return lambda cells: cells[at]
    value = mapping.values[field]
    return lambda cells: value


def _nothing(cells: Cells) -> str:
    return ""


class _MappedRow:
    """Makes a record of a row; a part that no column gives is empty, an empty part is absent."""

    def __init__(self, parts: dict[Field, Part]) -> None:
        self._parts = parts
        self._answers = Field.RESPONSE in parts

    def _cell(self, field: Field, cells: Cells) -> str:
        return self._parts.get(field, _nothing)(cells)

    def _name(self, field: Field, cells: Cells) -> str:
        name = self._cell(field, cells).strip()
        if not name:
            raise RowError(f"the {field} is empty")
        return name

    def record(self, line: int, cells: Cells) -> Record:
        """The whole row."""
        seed = self._cell(Field.SEED, cells).strip() or None
        label = _looked_up(self._cell(Field.LABEL, cells), LABELS, "label")
        annotator = self._cell(Field.ANNOTATOR, cells).strip()
        draft = PromptDraft(
            prompt_text(self._cell(Field.PROMPT, cells)),
            category(self._cell(Field.CATEGORY, cells)),
            Origin.REWRITE if seed else Origin.IMPORTED,
            seed,
            None if annotator else label,
            self._cell(Field.KEY, cells).strip() or None,
        )
        return Record(
            line,
            draft,
            self._votes(cells),
            (self._response(cells),) if self._answers else (),
            (AnnotationDraft(annotator, Aspect.LABEL, label),) if annotator and label else (),
        )

    def _votes(self, cells: Cells) -> tuple[VoteDraft, ...]:
        if Field.VERDICT not in self._parts:
            return ()
        stated = self._cell(Field.VERDICT, cells)
        verdict = _VERDICTS.get(stated.strip().lower(), Verdict.UNPARSED)
        explanation = self._cell(Field.EXPLANATION, cells)
        return (VoteDraft(self._name(Field.MODERATOR, cells), verdict, None, explanation, stated),)

    def _response(self, cells: Cells) -> ResponseDraft:
        model, text = self._name(Field.MODEL, cells), self._cell(Field.RESPONSE, cells)
        stated = self._cell(Field.ANSWER_CLASS, cells).strip() or self._cell(Field.IS_REFUSAL, cells).strip()
        judge, annotator = self._cell(Field.JUDGE, cells).strip(), self._cell(Field.ANNOTATOR, cells).strip()
        if not stated:
            return ResponseDraft(model, text)
        if judge:
            answer = answer_class_of(stated) or AnswerClass.UNPARSED
            return ResponseDraft(model, text, judgements=(JudgementDraft(judge, JudgeKind.LLM, answer, raw=stated),))
        found = answer_class_of(stated)
        if found is None:
            raise RowError(f"the answer class {shortened(stated)} is none of: {', '.join(sorted(ANSWER_CLASSES))}")
        if annotator and found in STOPPED:
            raise RowError(f"{shortened(stated)} is reported by a vendor; annotators decide about answers in words")
        if annotator:
            decided = AnnotationDraft(annotator, Aspect.ANSWER_CLASS, found, stated)
            return ResponseDraft(model, text, annotations=(decided,))
        return ResponseDraft(model, text, reference_class=found)


def answer_class_of(stated: str) -> AnswerClass | None:
    """The answer class that a word of any known scheme stands for (ours, OR-Bench's, XSTest's, true or false)."""
    if is_answer_class(stated):
        return ANSWER_CLASSES[_word(stated)]
    try:
        refused = truth(stated, "the refusal")
    except RowError:
        return None
    return AnswerClass.DIRECT_REFUSAL if refused else AnswerClass.DIRECT_ANSWER


def is_answer_class(stated: str) -> bool:
    """True for the name of a class, in any known scheme; true and false are none."""
    return _word(stated) in ANSWER_CLASSES


def _word(stated: str) -> str:
    return stated.strip().lower().replace(" ", "_").replace("-", "_")


def _looked_up(cell: str, known: dict[str, Label], what: str) -> Label | None:
    text = cell.strip().lower()
    if text and text not in known:
        raise RowError(f"the {what} {shortened(cell)} is none of: {', '.join(known)}")
    return known.get(text)


MAPPED = Reader("mapped", "Table with mapped columns", (), _bind)
