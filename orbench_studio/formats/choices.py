"""Convert choices of other annotation tools to labels, categories and answer classes."""

from collections.abc import Iterable, Mapping
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import parse_category
from orbench_studio.domain.core.judgement import STOPPED
from orbench_studio.formats.mapped import LABELS, answer_class_of, is_answer_class
from orbench_studio.formats.reader_interface import category, prompt_text, shortened
from orbench_studio.formats.records import AnnotationDraft, PromptDraft, Record, ResponseDraft, RowError

Choice = tuple[str, str]  # annotator, choice


def record(line: int, texts: Mapping[str, Any], said: Iterable[Choice]) -> Record:
    """Make the record of a prompt or response with human choices; `texts` has the field names of our exports."""
    prompt = PromptDraft(prompt_text(str(texts.get("prompt") or texts.get("text") or "")), _category(texts))
    model, text = texts.get("model"), texts.get("response")
    answered = model is not None and text is not None
    decided = [_decided(annotator, choice, answered=answered) for annotator, choice in said]
    of_prompt = tuple(draft for draft in decided if draft.aspect is not Aspect.ANSWER_CLASS)
    of_response = tuple(draft for draft in decided if draft.aspect is Aspect.ANSWER_CLASS)
    responses = (ResponseDraft(str(model), str(text), annotations=of_response),) if answered else ()
    return Record(line, prompt, responses=responses, annotations=of_prompt)


def _category(texts: Mapping[str, Any]) -> Any:
    return category(str(texts.get("category") or ""))


def _decided(annotator: str, choice: str, *, answered: bool) -> AnnotationDraft:
    word = choice.strip().lower()
    if word in LABELS:
        return AnnotationDraft(annotator, Aspect.LABEL, LABELS[word], choice)
    named = answer_class_of(choice) if is_answer_class(choice) else None
    if named is not None and named not in STOPPED and answered:
        return AnnotationDraft(annotator, Aspect.ANSWER_CLASS, named, choice)
    found = parse_category(choice)
    if found is not None:
        return AnnotationDraft(annotator, Aspect.CATEGORY, found, choice)
    what = "an answer class, but there is no model and response" if named else "no label, answer class or category"
    raise RowError(f"the choice {shortened(choice)} is {what}")
