"""Label Studio's JSON, both ways: tasks whose data are a prompt, or a response to it, and whose results are choices.

The shape is that of its task format (labelstud.io/guide/task_format): `data`, `annotations` and `predictions`, each
with `result` items of type `choices`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.annotation import Label
from orbench_studio.formats.annotation_choices import Choice, bind
from orbench_studio.formats.column_names import OWN_RESPONSE, USUAL_NAMES
from orbench_studio.formats.human_decisions import in_force
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells
from orbench_studio.formats.unread_parts import leaves

Row = Mapping[str, Any]

CONFIG = """<View>
  <Header value="Prompt"/>
  <Text name="prompt" value="$prompt"/>
  {response}<Choices name="{choice}" toName="{to}" choice="single" showInLine="true">
{choices}
  </Choices>
</View>
"""
_RESPONSE = '<Header value="$model"/>\n  <Text name="response" value="$response"/>\n  '
_TEXTS = ColumnMapping(
    {
        Field.PROMPT: "data.prompt|data.text|data.question|data.instruction|data.input|data.query",
        Field.RESPONSE: "data.response|data.answer|data.completion|data.output|data.generation",
        Field.MODEL: "|".join(f"data.{name}" for name in USUAL_NAMES[Field.MODEL]),
        Field.CATEGORY: "data.category",
        Field.SAMPLE: f"data.{OWN_RESPONSE}",
    }
)
_CANCELLED = ("was_cancelled", "skipped")  # the second in files of old versions
_READ = frozenset({"result", "completed_by", *_CANCELLED})
_OF_PARTS = frozenset({"start", "end", "x", "y"})  # of a value that is about some words or a region
CANCELLED = "annotations that were cancelled, and were not imported"
_LABELS = tuple(Label)
_ANSWERS = (
    "direct_answer",
    "partial_refusal",
    "indirect_refusal",
    "direct_refusal",
    "safe_completion",
    "non_responsive",
    "inability",
)


def config(*, responses: bool) -> str:
    """The labelling configuration for the tasks."""
    values = _ANSWERS if responses else _LABELS
    choices = "\n".join(f'    <Choice value="{value}" hotkey="{key}"/>' for key, value in enumerate(values, start=1))
    choice, to = ("answer_class", "response") if responses else ("label", "prompt")
    return CONFIG.format(response=_RESPONSE if responses else "", choice=choice, to=to, choices=choices)


def prompts(row: Row) -> Iterator[dict[str, Any]]:
    """Make the task of a prompt: human labels are annotations, moderator votes that are choices are predictions."""
    data = {"prompt": row["prompt"], "category": row["category"]}
    annotations = [_annotation("label", "prompt", *said) for said in in_force(row["annotations"], "label")]
    votes = [
        _prediction("label", "prompt", vote["moderator"], vote["verdict"])
        for vote in row["votes"]
        if vote["verdict"] in _LABELS
    ]
    yield {"data": data, "annotations": annotations, "predictions": votes}


def responses(row: Row) -> Iterator[dict[str, Any]]:
    """Make a task for each response: human answer classes are annotations, judgements that are choices predictions."""
    for response in row["responses"]:
        data = {"prompt": row["prompt"], "category": row["category"], "model": response["model"]}
        data |= {"response": response.get("text", ""), OWN_RESPONSE: response["id"]}
        decided = in_force(response.get("annotations", ()), "answer_class")
        annotations = [_annotation("answer_class", "response", *said) for said in decided]
        judged = [
            _prediction("answer_class", "response", judgement["judge"], judgement["answer_class"])
            for judgement in response.get("judgements", ())
            if judgement["answer_class"] in _ANSWERS
        ]
        yield {"data": data, "annotations": annotations, "predictions": judged}


def _annotation(name: str, to: str, annotator: str, value: str) -> dict[str, Any]:
    return {"result": [_choice(name, to, value) | {"meta": {"annotator": annotator}}], "was_cancelled": False}


def _prediction(name: str, to: str, who: str, value: str) -> dict[str, Any]:
    return {"model_version": who, "result": [_choice(name, to, value)]}


def _choice(name: str, to: str, value: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": to, "type": "choices", "value": {"choices": [value]}}


def _bind(sheet: Sheet) -> Bound:
    data, annotations = sheet.column("data"), sheet.column("annotations")

    def choices(cells: Cells) -> Iterator[Choice]:
        made: list[Any] = nested(cells[annotations]) or []
        valid = [each for each in made if not any(str(each.get(name)).lower() == "true" for name in _CANCELLED)]
        sheet.tally.notes.update({CANCELLED: len(made) - len(valid)} if len(valid) < len(made) else ())
        beside = sheet.tally.unread_parts
        for annotation in valid:
            unread = (name for name in annotation if name not in _READ and any(leaves(annotation[name])))
            beside.update((f"annotations.{name}", None) for name in unread)
        return _choices(valid, beside)

    return bind(sheet, _TEXTS, choices, [data])


def _choices(annotations: Sequence[Mapping[str, Any]], beside: dict[str, None]) -> Iterator[Choice]:
    for annotation in annotations:
        for result in annotation.get("result") or ():
            annotator, note = _annotator(annotation, result)
            beside.update({"annotations.result.meta.text": None} if note else {})
            control, about = str(result.get("from_name") or "choices"), str(result.get("to_name") or "")
            value = result.get("value") or {}
            kind = str(result.get("type") or "choices")
            of_part = not _OF_PARTS.isdisjoint(value)
            for choice in value.get("choices") or (() if kind in ("choices", "textarea") else (kind,)):
                # one of another kind is counted as not read, by its kind
                yield Choice(annotator, str(choice), control, about=about, of_part=of_part)
            texts = value.get("text") if kind == "textarea" else ()
            for text in [texts] if isinstance(texts, str) else texts or ():
                yield Choice(annotator, str(text), control, is_text=True)


def _annotator(annotation: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, str]:
    """The annotator and the note of a result, in which an export of ours names the annotator."""
    meta = result.get("meta") or {}
    note = meta.get("text") or ""
    note = note if isinstance(note, str) else str(note[0])
    by = annotation.get("completed_by")
    if meta.get("annotator") or (note and by is None):
        return str(meta.get("annotator") or note), ""
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    return f"label-studio-{by}" if by is not None else "label-studio", note


LABEL_STUDIO = Reader("label-studio", "Label Studio tasks", ("data", "annotations"), _bind, keeps=True)
