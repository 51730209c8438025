"""Let a language model judge texts that are in no workspace, with a batch in a temporary one."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.evaluation.batch import Batch, BatchSettings
from orbench_studio.errors import StudioError
from orbench_studio.formats.records import PromptDraft, Record, ResponseDraft
from orbench_studio.instruments.assessment import Answered
from orbench_studio.services.core.templates import Template
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.evaluation import judge_batches
from orbench_studio.services.evaluation.batch_runner import BatchRunner
from orbench_studio.services.evaluation.launcher import open_runner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace, create_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES
from orbench_studio.store.judging import judgements

_NAME = "texts to judge"


@contextmanager
def texts_workspace(texts: Sequence[Answered]) -> Iterator[Workspace]:
    """A temporary workspace with one response for each text, by a model that is named after its place."""
    by_prompt: dict[str, list[ResponseDraft]] = defaultdict(list)
    for place, one in enumerate(texts):
        by_prompt[one.prompt].append(ResponseDraft(str(place), one.response))
    with TemporaryDirectory() as folder, create_workspace(Path(folder) / "texts.orbench") as workspace:
        with workspace.writing() as db:
            row = {"name": _NAME, "format": "", "sha256": "", "imported_at": datetime.now(UTC)}
            source = inserted(db, SOURCES, row)
            record_import = RecordImport(db, lambda: source, _NAME)
            drafts = enumerate(by_prompt.items(), 1)
            record_import.add([Record(line, PromptDraft(prompt), (), tuple(of)) for line, (prompt, of) in drafts])
            record_import.finish()
        yield workspace


def create(workspace: Workspace, judge: str, settings: BatchSettings, prices: Prices) -> Batch:
    template = Template(Path(), settings.template or "")
    chosen = judge_batches.select_responses(workspace, [judge], template=template)
    return judge_batches.create(workspace, [judge], chosen, settings, prices=prices, name=_NAME)


def classes_of(
    workspace: Workspace, judge: str, batch: Batch, prices: Prices, run: Callable[[BatchRunner], object], texts: int
) -> list[AnswerClass]:
    """Run the batch and return the class of each text, in order; unparsed for a text that cannot be judged.

    Raises StudioError if requests failed: a judge that was not asked says nothing.
    """
    run(open_runner(workspace, batch.id, prices))
    with workspace.reading() as db:
        by_name = judgements.by_model(db, judge)
        failed = judgements.unanswered(db, batch.id)
    if failed:
        raise StudioError(
            f"{failed:,} of {texts:,} requests to {judge} failed, so nothing was recorded. Check the endpoint, and "
            "run the command again."
        )
    return [AnswerClass(by_name.get(str(place), AnswerClass.UNPARSED)) for place in range(texts)]
