"""Argilla's JSON, both ways: records with fields, people's responses and machines' suggestions by question.

The shape is what Argilla 2 writes with `dataset.records.to_json` and reads with `from_json`.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any
from uuid import UUID

from orbench_studio.domain.core.judgement import ANSWERS
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.formats.annotation_choices import Choice, bind
from orbench_studio.formats.column_names import OWN_RESPONSE, USUAL_NAMES
from orbench_studio.formats.human_decisions import in_force
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells
from orbench_studio.formats.tally import Tally

Row = Mapping[str, Any]

LABEL, ANSWER = "label", "answer_class"
_LONGEST_CHOICE = 100  # characters; what is longer was written
_TEXT_QUESTIONS = ("comment", "comments", "note", "notes", "reason", "why", "feedback", "explanation")


def prompts(row: Row) -> Iterator[dict[str, Any]]:
    """Make the record of a prompt; the moderators' consensus is the suggestion."""
    said = in_force(row["annotations"], "label")
    fields = {"prompt": row["prompt"]}
    agreed = {"value": row["consensus"], "score": None, "agent": "consensus"} if row["consensus"] else None
    yield _record(text_identity(row["prompt"]).hex(), fields, {"category": row["category"]}, LABEL, said, agreed)


def responses(row: Row) -> Iterator[dict[str, Any]]:
    """Make a record for each response; the last judgement with an answer class is the suggestion."""
    for response in row["responses"]:
        fields = {"prompt": row["prompt"], "response": response.get("text", "")}
        metadata = {"category": row["category"], "model": response["model"], OWN_RESPONSE: response["id"]}
        said = in_force(response.get("annotations", ()), "answer_class")
        judged = [one for one in response.get("judgements", ()) if one["answer_class"] in ANSWERS]
        last = judged[-1] if judged else None
        message = {"value": last["answer_class"], "score": None, "agent": last["judge"]} if last else None
        of = text_identity(row["prompt"], response["model"], response["id"]).hex()
        yield _record(of, fields, metadata, ANSWER, said, message)


def _record(
    of: str, fields: Row, metadata: Row, question: str, said: list[tuple[str, str]], suggestion: Row | None
) -> dict[str, Any]:
    return {
        "id": of,
        "fields": fields,
        "metadata": {name: value for name, value in metadata.items() if value is not None},
        "suggestions": {question: suggestion} if suggestion else {},
        "responses": {question: [{"value": value, "user_id": _user(who)} for who, value in said]} if said else {},
        "vectors": {},
    }


def _user(annotator: str) -> str:
    """Argilla identifies users by UUIDs: the same name always gives the same one."""
    return str(UUID(bytes=blake2b(annotator.encode("utf-8", "surrogatepass"), digest_size=16).digest()))


_TEXTS = ColumnMapping(
    {
        Field.PROMPT: "fields.prompt|fields.text|fields.question|fields.instruction|fields.input",
        Field.RESPONSE: "fields.response|fields.answer|fields.completion|fields.output|fields.generation",
        Field.MODEL: "|".join(f"{of}.{name}" for name in USUAL_NAMES[Field.MODEL] for of in ("metadata", "fields")),
        Field.CATEGORY: "metadata.category|fields.category",
        Field.SAMPLE: f"metadata.{OWN_RESPONSE}",
    }
)


def _bind(sheet: Sheet) -> Bound:
    fields, answers = sheet.column("fields"), sheet.column("responses")

    def choices(cells: Cells) -> Iterator[Choice]:
        return _choices(sheet.tally, nested(cells[answers]))

    metadata = sheet.optional("metadata")  # has the model
    return bind(sheet, _TEXTS, choices, [fields] if metadata is None else [fields, metadata])


def _choices(tally: Tally, answers: Any) -> Iterator[Choice]:
    for question, answer in _answers(answers):
        if is_submitted(tally, answer.get("status")):
            yield from values_of(answer.get("value"), str(answer.get("user_id") or "argilla"), question)


def _answers(answers: Any) -> Iterator[tuple[str, Row]]:
    """The answers with their questions. Argilla 1 wrote one list with the answers of each user."""
    if isinstance(answers, Mapping):
        yield from ((question, answer) for question, given in answers.items() for answer in given or ())
    elif isinstance(answers, list) and all(isinstance(of, Mapping) and "values" in of for of in answers):
        for of in answers:
            yield from ((question, {**of, **value}) for question, value in (of["values"] or {}).items())
    elif answers is not None:
        raise RowError("responses has no answers by question, as Argilla writes them")


def is_submitted(tally: Tally, status: Any) -> bool:
    """Whether an answer was submitted; a draft or a discarded answer is counted."""
    if status in ("submitted", None):
        return True
    tally.notes[f"answers that were not imported, because their status is {status}"] += 1
    return False


def values_of(value: Any, annotator: str, question: str) -> Iterator[Choice]:
    """The choices in an answer: one, several, or a text."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            is_text = len(one) > _LONGEST_CHOICE or question.lower() in _TEXT_QUESTIONS
            yield Choice(annotator, one, question, is_text=is_text)
        elif one is not None:
            yield Choice(annotator, str(one), question)


ARGILLA = Reader("argilla", "Argilla records", ("fields", "responses"), _bind, keeps=True)
