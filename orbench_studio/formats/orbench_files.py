"""OR-Bench's published prompts and what its rewriter and its alignment check write."""

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats import file_names
from orbench_studio.formats.known_faults import category_is_prompt, several_prompts
from orbench_studio.formats.reader_interface import (
    Bound,
    Reader,
    Sheet,
    category,
    prompt_text,
    truth,
)
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft
from orbench_studio.formats.tables import Cells

KEYWORDS = "or-bench-keywords"


def _bind_prompts(sheet: Sheet) -> Bound:
    prompt, named = sheet.column("prompt"), sheet.column("category")

    def take(line: int, cells: Cells) -> Record:
        return Record(line, PromptDraft(prompt_text(cells[prompt]), category(cells[named])))

    return Bound(take, (prompt,), (category_is_prompt(named, prompt), several_prompts(prompt)))


def _bind_rewrites(sheet: Sheet) -> Bound:
    prompt, seed, named = map(sheet.column, ("prompt", "toxic_seed", "category"))

    def take(line: int, cells: Cells) -> Record:
        draft = PromptDraft(
            prompt_text(cells[prompt]), category(cells[named]), Origin.REWRITE, seed=cells[seed].strip() or None
        )
        return Record(line, draft)

    return Bound(take, (prompt, seed), (category_is_prompt(named, prompt), several_prompts(prompt)))


def _bind_alignment(sheet: Sheet) -> Bound:
    prompt, rejected, response = map(sheet.column, ("prompt", "is_rejected", "response"))
    named = sheet.optional("category")
    model = sheet.required("model", sheet.options.model, file_names.model_in(sheet.name))
    judgements: dict[str, tuple[JudgementDraft, ...]] = {}

    def take(line: int, cells: Cells) -> Record:
        stated = cells[rejected]
        judged = judgements.get(stated)
        if judged is None:
            judged = judgements[stated] = _keyword_judgement(stated)
        draft = PromptDraft(prompt_text(cells[prompt]), None if named is None else category(cells[named]))
        answer = ResponseDraft(model, cells[response], judgements=judged)
        return Record(line, draft, responses=(answer,))

    checks = () if named is None else (category_is_prompt(named, prompt),)
    return Bound(take, (prompt,), checks)


def _keyword_judgement(stated: str) -> tuple[JudgementDraft, ...]:
    rejected = truth(stated, "is_rejected")
    if rejected is None:
        return ()
    answer = AnswerClass.DIRECT_REFUSAL if rejected else AnswerClass.DIRECT_ANSWER
    return (JudgementDraft(KEYWORDS, JudgeKind.RULE, answer, raw=stated),)


def _bind_failed(sheet: Sheet) -> Bound:
    prompt, error = sheet.column("prompt"), sheet.column("error")
    named = sheet.optional("category")
    model = sheet.required("model", sheet.options.model, file_names.model_in(sheet.name))

    def take(line: int, cells: Cells) -> Record:
        draft = PromptDraft(prompt_text(cells[prompt]), None if named is None else category(cells[named]))
        failed = ResponseDraft(model, "", StopReason.ERROR, error=cells[error].strip() or "unknown error")
        return Record(line, draft, responses=(failed,))

    checks = () if named is None else (category_is_prompt(named, prompt),)
    return Bound(take, (prompt,), checks)


PROMPTS = Reader("orbench-prompts", "OR-Bench prompts", ("prompt", "category"), _bind_prompts, frozenset())
REWRITES = Reader("orbench-rewrites", "OR-Bench rewrites", ("prompt", "toxic_seed", "category"), _bind_rewrites)
ALIGNMENT = Reader(
    "orbench-alignment", "OR-Bench alignment check", ("prompt", "is_rejected", "response"), _bind_alignment
)
FAILED = Reader(
    "orbench-failed", "OR-Bench failed requests", ("prompt", "error"), _bind_failed, frozenset({"category"})
)
