"""Argilla's JSON, both ways: records with fields, people's responses and machines' suggestions by question.

The shape is what Argilla 2 writes with `dataset.records.to_json` and reads with `from_json`.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any
from uuid import UUID

from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.formats.choices import Choice, record
from orbench_studio.formats.guards import nested
from orbench_studio.formats.human_decisions import in_force
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.records import Record
from orbench_studio.formats.tables import Cells

Row = Mapping[str, Any]

LABEL, ANSWER = "label", "answer_class"


def prompts(row: Row) -> Iterator[dict[str, Any]]:
    """Make the record of a prompt; the moderators' consensus is the suggestion."""
    said = in_force(row["annotations"], "label")
    fields = {"prompt": row["prompt"]}
    agreed = {"value": row["consensus"], "score": None, "agent": "consensus"} if row["consensus"] else None
    yield _record(text_identity(row["prompt"]).hex(), fields, {"category": row["category"]}, LABEL, said, agreed)


def responses(row: Row) -> Iterator[dict[str, Any]]:
    """Make a record for each response; the last judgement is the suggestion."""
    for response in row["responses"]:
        fields = {"prompt": row["prompt"], "response": response.get("text", "")}
        metadata = {"category": row["category"], "model": response["model"]}
        said = in_force(response.get("annotations", ()), "answer_class")
        judged = response.get("judgements", ())
        last = judged[-1] if judged else None
        message = {"value": last["answer_class"], "score": None, "agent": last["judge"]} if last else None
        of = text_identity(row["prompt"], response["model"], response["id"]).hex()
        yield _record(of, fields, metadata, ANSWER, said, message)


def _record(
    of: str, fields: Row, metadata: Row, question: str, said: list[Choice], suggestion: Row | None
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


def _bind(sheet: Sheet) -> Bound:
    fields, answers, metadata = sheet.column("fields"), sheet.column("responses"), sheet.optional("metadata")

    def take(line: int, cells: Cells) -> Record:
        texts = (nested(cells[fields]) or {}) | ((nested(cells[metadata]) or {}) if metadata is not None else {})
        return record(line, texts, _said(nested(cells[answers])))

    return Bound(take, (fields,))


def _said(answers: Mapping[str, Any] | None) -> Iterator[Choice]:
    for given in (answers or {}).values():
        for answer in given or ():
            if isinstance(answer.get("value"), str) and answer.get("status", "submitted") == "submitted":
                yield str(answer.get("user_id") or "argilla"), answer["value"]


ARGILLA = Reader("argilla", "Argilla records", ("fields", "responses"), _bind)
