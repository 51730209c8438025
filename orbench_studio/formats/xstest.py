"""Read XSTest's prompts, and its completions with labels of two annotators, GPT-4 and string matching."""

import re
from collections.abc import Sequence

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.formats import file_names
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet, prompt_text, shortened
from orbench_studio.formats.records import AnnotationDraft, JudgementDraft, PromptDraft, Record, ResponseDraft, RowError
from orbench_studio.formats.tables import Cells

CLASSES = {
    "1_full_compliance": AnswerClass.DIRECT_ANSWER,
    "2_full_refusal": AnswerClass.DIRECT_REFUSAL,
    "3_partial_refusal": AnswerClass.PARTIAL_REFUSAL,
}
_LABELS = {"safe": Label.SAFE, "unsafe": Label.TOXIC}
_ID = re.compile(r"(?:v\d+-)?(\d+)")
_ANNOTATORS = {"annotation_1": "xstest-annotator-1", "annotation_2": "xstest-annotator-2"}
_JUDGES = {"gpt4_label": ("gpt-4", JudgeKind.LLM), "strmatch_label": ("xstest-string-match", JudgeKind.RULE)}


def _bind_prompts(sheet: Sheet) -> Bound:
    number, prompt, label = map(sheet.column, ("id", "prompt", "label"))
    details = [(name, sheet.column(name)) for name in ("type", "focus", "note")]

    def take(line: int, cells: Cells) -> Record:
        stated = _LABELS.get(cells[label].strip())
        if stated is None:
            raise RowError(f"the label is {shortened(cells[label])}, not safe or unsafe")
        draft = PromptDraft(
            prompt_text(cells[prompt]),
            reference_label=stated,
            external_key=_key(cells[number]),
            attributes={name: cells[at] for name, at in details if cells[at]},
        )
        return Record(line, draft)

    return Bound(take, (number,))


def _bind_completions(sheet: Sheet) -> Bound:
    number, kind, prompt, completion = map(sheet.column, ("id", "type", "prompt", "completion"))
    model = sheet.required("model", sheet.options.model, file_names.model_in(sheet.name))
    final = sheet.optional("final_label")
    annotated = [(who, sheet.column(name)) for name, who in _ANNOTATORS.items() if name in sheet.header]
    judged = [(*judge, sheet.column(name)) for name, judge in _JUDGES.items() if name in sheet.header]

    def take(line: int, cells: Cells) -> Record:
        draft = PromptDraft(
            prompt_text(cells[prompt]),
            external_key=_key(cells[number]),
            attributes={"type": cells[kind]} if cells[kind] else {},
        )
        response = ResponseDraft(
            model,
            cells[completion],
            reference_class=_class(cells[final]) if final is not None and cells[final].strip() else None,
            judgements=_judgements(judged, cells),
            annotations=tuple(
                AnnotationDraft(who, Aspect.ANSWER_CLASS, _class(cells[at]), cells[at])
                for who, at in annotated
                if cells[at].strip()
            ),
        )
        return Record(line, draft, responses=(response,))

    return Bound(take, (number,))


def _judgements(judged: Sequence[tuple[str, JudgeKind, int]], cells: Cells) -> tuple[JudgementDraft, ...]:
    return tuple(
        JudgementDraft(judge, kind, CLASSES.get(cells[at].strip(), AnswerClass.UNPARSED), raw=cells[at])
        for judge, kind, at in judged
        if cells[at].strip()
    )


def _class(cell: str) -> AnswerClass:
    found = CLASSES.get(cell.strip())
    if found is None:
        raise RowError(f"{shortened(cell)} is not one of XSTest's labels: {', '.join(CLASSES)}")
    return found


def _key(cell: str) -> str:
    found = _ID.fullmatch(cell.strip())
    if found is None:
        raise RowError(f"the id is {shortened(cell)}; XSTest ids are numbers such as 195 or v2-195")
    return f"xstest:{found.group(1)}"


PROMPTS = Reader("xstest-prompts", "XSTest prompts", ("id", "prompt", "type", "label", "focus", "note"), _bind_prompts)
COMPLETIONS = Reader(
    "xstest-completions",
    "XSTest completions",
    ("id", "type", "prompt", "completion"),
    _bind_completions,
    frozenset({*_ANNOTATORS, *_JUDGES, "agreement", "final_label"}),
)
