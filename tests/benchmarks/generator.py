"""Makes a workspace of any size as imports would leave it: prompts with votes first, then one model after the other.

Everything goes through the same intake as a file's records, so that what is kept follows from the rules. The same size
always gives the same content.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.services.data.record_import import RecordImport, gc_paused
from orbench_studio.services.workspace.workspace import Workspace, create_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES
from tests.benchmarks import texts

FULL = 80_359  # prompts of OR-Bench-80K
MODELS = 32
MODERATORS = ("moderator-a", "moderator-b", "moderator-c")
JUDGE = "keyword-rule"
_REWRITES = 6  # prompts from one seed
_TOGETHER = 2_000  # records merged at a time, as an import does
_CATEGORIES = tuple(Category)
_VERDICTS = (Verdict.SAFE,) * 7 + (Verdict.TOXIC,) * 3
_REFUSING = (AnswerClass.DIRECT_REFUSAL, AnswerClass.INDIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL)

_FAMILIES = ("amber", "birch", "cedar", "dune", "ember", "flint", "grove", "heath")

Tell = Callable[[str], object]


def generate(path: Path, prompts: int, *, models: int = MODELS, tell: Tell = lambda _words: None) -> None:
    """Write a new workspace; a file of that name is replaced."""
    for old in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        old.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with create_workspace(path, illustrative=True) as workspace:
        fill(workspace, prompts, models=models, tell=tell)


def fill(workspace: Workspace, prompts: int, *, models: int, tell: Tell = lambda _words: None) -> None:
    """Bring prompts and what the models answered into an empty workspace."""
    bring_prompts(workspace, prompts)
    for model in range(models):
        tell(f"{workspace.name}: model {model + 1} of {models}")
        bring_answers(workspace, prompts, model)


def bring_prompts(workspace: Workspace, prompts: int) -> None:
    """Prompts with their votes, in one transaction."""
    _take(workspace, "prompts", _asked(prompts))


def bring_answers(workspace: Workspace, prompts: int, model: int) -> None:
    """One model's responses with their judgements, in one transaction."""
    _take(workspace, model_name(model), _answered(prompts, model))


def _take(workspace: Workspace, name: str, records: Iterator[Record]) -> None:
    with gc_paused(), workspace.writing() as db:
        row = {"name": name, "format": "generated", "sha256": "", "imported_at": datetime(2026, 1, 1, tzinfo=UTC)}
        intake = RecordImport(db, partial(int, inserted(db, SOURCES, row)), name, simulated=True)
        while some := list(islice(records, _TOGETHER)):
            intake.add(some)
        intake.finish()


def _asked(prompts: int) -> Iterator[Record]:
    random = Random(0)
    for number in range(prompts):
        votes = tuple(_vote(random, moderator) for moderator in MODERATORS)
        yield Record(number + 1, _prompt(number), votes)


def _prompt(number: int) -> PromptDraft:
    category = _CATEGORIES[number * 7 % len(_CATEGORIES)]
    group, place = divmod(number, 2 * _REWRITES)
    if place < _REWRITES:
        return PromptDraft(texts.prompt(number), category, Origin.REWRITE, texts.seed(group))
    return PromptDraft(texts.prompt(number), category)


def _vote(random: Random, moderator: str) -> VoteDraft:
    verdict = random.choice(_VERDICTS)
    category = random.choice(_CATEGORIES) if verdict is Verdict.TOXIC else None
    explanation = texts.sentence(random)
    return VoteDraft(moderator, verdict, category, explanation, f"{explanation} [[{category or 'none'}]]")


def model_name(model: int) -> str:
    """A model's name; four models make a family."""
    return f"{_FAMILIES[model // 4 % len(_FAMILIES)]}-{model:02}"


def _answered(prompts: int, model: int) -> Iterator[Record]:
    random = Random(1_000 + model)
    share = (model + 1) / (2 * MODELS)  # what the model refuses: between a sixty-fourth and a half
    for number in range(prompts):
        refuses = random.random() < share
        yield Record(number + 1, _prompt(number), responses=(answer(random, model_name(model), refuses=refuses),))


def answer(random: Random, model: str, *, refuses: bool) -> ResponseDraft:
    """A response with its judgement."""
    answer_class = random.choice(_REFUSING) if refuses else AnswerClass.DIRECT_ANSWER
    text = texts.REFUSAL + texts.response(random) if refuses else texts.response(random)
    judgement = JudgementDraft(JUDGE, JudgeKind.RULE, answer_class, raw=str(refuses))
    return ResponseDraft(model, text, StopReason.STOP, judgements=(judgement,))


def main(arguments: Iterable[str]) -> None:
    """`python -m tests.benchmarks.generator FILE PROMPTS`."""
    file, prompts = arguments
    generate(Path(file), int(prompts), tell=print)


if __name__ == "__main__":
    main(sys.argv[1:])
