"""Read the files of OR-Bench's moderation and response check: verdicts of language models on prompts and responses."""

from collections.abc import Callable

from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.formats import file_names
from orbench_studio.formats.class_words import truth
from orbench_studio.formats.file_mapping import names_in_rows
from orbench_studio.formats.known_faults import category_is_prompt, contradiction, unreadable_judge, without_choice
from orbench_studio.formats.mapping import Field
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet, category, prompt_text
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.formats.tables import Cells

RESPONDER = "safety-free responder"
_VERDICTS = {True: Verdict.TOXIC, False: Verdict.SAFE, None: Verdict.UNPARSED}


def _bind_moderation(sheet: Sheet) -> Bound:
    named, toxic, result = map(sheet.column, ("category", "is_toxic", "moderation_result"))
    moderator = _moderator(sheet)
    prompt = _prompt_column(sheet)
    response = sheet.optional("response")
    responder = names_in_rows(sheet, Field.MODEL, file_names.model_in(sheet.name), RESPONDER)

    def take(line: int, cells: Cells) -> Record:
        # This is the moderator's category; the prompt's can differ.
        draft = PromptDraft(prompt_text(cells[prompt]))
        said = cells[result]
        verdict = _VERDICTS[truth(cells[toxic], "is_toxic")]
        votes = (VoteDraft(moderator(cells), verdict, category(cells[named]), without_choice(said), said),)
        if response is None:
            return Record(line, draft, votes)
        return Record(line, draft, responses=(ResponseDraft(responder(cells), cells[response], votes=votes),))

    identity = (prompt,) if response is None else (prompt, response)
    return Bound(take, identity, (category_is_prompt(named, prompt), contradiction(toxic, named, result)))


def _bind_unmoderated(sheet: Sheet) -> Bound:
    prompt, error = _prompt_column(sheet), sheet.column("error_message")
    moderator = _moderator(sheet)

    def take(line: int, cells: Cells) -> Record:
        # The request to the moderator failed: the vote is unparsed.
        vote = VoteDraft(moderator(cells), Verdict.UNPARSED, raw=cells[error])
        return Record(line, PromptDraft(prompt_text(cells[prompt])), (vote,))

    return Bound(take, (prompt,))


def _moderator(sheet: Sheet) -> Callable[[Cells], str]:
    return names_in_rows(sheet, Field.MODERATOR, file_names.moderator_in(sheet.name))


def _prompt_column(sheet: Sheet) -> int:
    if "prompt" not in sheet.header:
        raise sheet.fault(
            "it has responses but no prompt column, so their prompts are unknown. "
            "Join it with the file it was made from, so that it has a column 'prompt'."
        )
    return sheet.column("prompt")


def _bind_check(sheet: Sheet) -> Bound:
    prompt, stated, answer, response = map(
        sheet.column, ("prompt", "answer_category", "answer_type_response", "response")
    )
    named = sheet.optional("category")
    classes = sheet.tally.column(Field.ANSWER_CLASS, "answer_category")
    judge = names_in_rows(sheet, Field.JUDGE, file_names.judge_in(sheet.name))
    model = names_in_rows(sheet, Field.MODEL, file_names.model_in(sheet.name))

    def take(line: int, cells: Cells) -> Record:
        said = cells[answer]
        answer_class = _answer_class(cells[stated])
        classes.add(cells[stated], answer_class)
        judgement = JudgementDraft(judge(cells), JudgeKind.LLM, answer_class, without_choice(said), raw=said)
        draft = PromptDraft(prompt_text(cells[prompt]), None if named is None else category(cells[named]))
        return Record(line, draft, responses=(ResponseDraft(model(cells), cells[response], judgements=(judgement,)),))

    checks = [unreadable_judge(stated, answer)]
    if named is not None:
        checks.append(category_is_prompt(named, prompt))
    return Bound(take, (prompt,), checks)


def _answer_class(stated: str) -> AnswerClass:
    text = stated.strip()
    return AnswerClass(text) if text in ANSWERS else AnswerClass.UNPARSED


MODERATION = Reader(
    "orbench-moderation", "OR-Bench moderation", ("category", "is_toxic", "moderation_result"), _bind_moderation,
    fixed=True,
)  # fmt: skip
UNMODERATED = Reader(
    "orbench-moderation-failed",
    "OR-Bench failed moderation",
    ("error_message",),
    _bind_unmoderated,
    frozenset({"prompt", "response"}),
    fixed=True,
)
CHECK = Reader(
    "orbench-response-check",
    "OR-Bench response check",
    ("prompt", "answer_category", "answer_type_response", "response"),
    _bind_check,
    fixed=True,
)
