"""The columns of a table that may say who answered, judged, moderated or annotated each row."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.formats.column_evidence import ColumnEvidence
from orbench_studio.formats.column_names import JUDGES, MODELS, TARGETS, USUAL_NAMES, plain_name, words_of
from orbench_studio.formats.mapping import Field
from orbench_studio.formats.records import CONTEXT, Record, RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import NestedCell


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CLEAR = _set("model models llm llms modelname modelid")
"""Words in the names of columns that hardly name anything else than the model of the response."""
_BESIDE = TARGETS | _set(
    "name names id ids used tested evaluated large language of the under test answering responding"
)
"""Words beside them with which a column still names the model of the response."""
_OF_RESPONSE = ("response_model", "answer_model")
_WORDS: Mapping[Field, frozenset[str]] = {
    Field.MODEL: CLEAR
    | _set("lm chatbot generator engine experiment checkpoint deployment victim responder defender provider"),
    Field.MODERATOR: _set("moderator guard guardrail classifier"),
    Field.JUDGE: _set("judge grader evaluator scorer"),
    Field.ANNOTATOR: _set("annotator rater labeler labeller worker reviewer coder"),
}
_OTHER = _set("label labels score scores verdict result results type class category reason reasoning explanation")
_OTHER |= _set("rationale status prediction predicted correct refusal refused compliance size temperature tokens index")
_OTHER |= _set("cost time latency date seed attack attacker prompt language text description error config raw vote")
_OTHER |= _set("family votes decision agreement comment count rating ratings confidence template version")
_DEPTH = 3  # levels of an object that are looked into


def name_columns(
    part: Field, header: Sequence[str], rows: Sequence[Sequence[str]], bound: Container[int] = ()
) -> list[str]:
    """The columns, not among the bound ones, and paths in nested cells, that may give the names of a field.

    Those with a usual name are first. A column whose first cells are numbers, classes or sentences has no names.
    """
    found = []
    for at, name in enumerate(header):
        of = ColumnEvidence(name, [row[at] for row in rows])
        first = next((cell for cell in of.filled if isinstance(cell, NestedCell)), None)
        if first is not None:
            found += [f"{name}.{path}" for path in _inside(part, first)] if not words_of(name) & JUDGES else []
        elif at not in bound and ((_may_name(part, name) and _has_names(of)) or _has_models(part, of)):
            found.append(name)
    return sorted(found, key=lambda path: not is_usual(part, path))


def is_usual(part: Field, path: str) -> bool:
    return plain_name(path) in USUAL_NAMES[part]


def is_clear(part: Field, path: str) -> bool:
    """Whether a column certainly has the names of a field: its name is usual, or has no word that may change that."""
    return is_usual(part, path) or (part is Field.MODEL and bool(words_of(path) & CLEAR) and not is_unclear_model(path))


def is_unclear_model(path: str) -> bool:
    """Whether a column names models that may not be those of the responses, as any unusual word or number may say."""
    steps = path.split(".")
    at = next((at for at in reversed(range(len(steps))) if words_of(steps[at]) & CLEAR), None)
    if at is None or plain_name(steps[at]) in (*USUAL_NAMES[Field.MODEL], *_OF_RESPONSE):
        return False
    return any(map(str.isdigit, steps[at])) or not words_of(".".join(steps[at:])) <= CLEAR | _BESIDE


def _may_name(part: Field, name: str) -> bool:
    words = words_of(name)
    words -= {"large", "language"} if "model" in words else set()  # a kind of model
    others = _OTHER | JUDGES if part is Field.MODEL else _OTHER
    return is_usual(part, name) or bool(words & _WORDS[part] and not words & others)


def _has_names(of: ColumnEvidence) -> bool:
    return not of.filled or not (of.has_classes or of.has_sentences)


def _has_models(part: Field, of: ColumnEvidence) -> bool:
    """Whether a column has the names of lists in a JSON file, most of which are those of models."""
    is_repeated = plain_name(of.name) == "id" and len(set(of.filled)) < len(of.filled)
    return part is Field.MODEL and is_repeated and of.mostly(lambda cell: bool(words_of(cell) & MODELS))


def _inside(part: Field, cell: str) -> Iterator[str]:
    try:
        yield from _paths(part, nested(cell), _DEPTH)
    except (ValueError, RowError):
        return


def _paths(part: Field, value: Any, depth: int) -> Iterator[str]:
    if not isinstance(value, dict) or not depth:
        return
    for name, inner in value.items():
        if isinstance(inner, str) and inner and _may_name(part, name) and _has_names(ColumnEvidence(name, [inner])):
            yield name
        elif isinstance(inner, dict) and not words_of(name) & JUDGES:
            yield from (f"{name}.{path}" for path in _paths(part, inner, depth - 1))


def values_in(record: Record) -> Iterator[tuple[Field, str]]:
    """The models, moderators, judges and annotators of a record, and its texts beside the prompt and the responses."""
    yield Field.SYSTEM, record.prompt.attributes.get(CONTEXT[0], "")
    for response in record.responses:
        yield from ((Field.MODEL, response.model), (Field.ERROR, response.error or ""))
        for judgement in response.judgements:
            yield from ((Field.JUDGE, judgement.judge), (Field.EXPLANATION, judgement.explanation))
    for vote in (*record.votes, *(vote for response in record.responses for vote in response.votes)):
        yield from ((Field.MODERATOR, vote.moderator), (Field.EXPLANATION, vote.explanation))
    for made in (*record.annotations, *(made for response in record.responses for made in response.annotations)):
        yield Field.ANNOTATOR, made.annotator
        yield Field.REASON, made.value if made.aspect is Aspect.NOTE else made.reason or ""
