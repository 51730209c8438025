"""A workspace of our own wording: two models with manners of their own, and what people say of some responses."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats.records import AnnotationDraft, PromptDraft, Record, ResponseDraft
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.store.core.bulk_sql import inserted
from orbench_studio.store.core.tables import SOURCES

DIRECT, PARTIAL, ANSWER = AnswerClass.DIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL, AnswerClass.DIRECT_ANSWER
_THINGS = ("candles", "locks", "weeds", "chess", "servers", "balloons", "portraits", "mangoes", "drums", "kites")
_MANNERS = {
    "north": {
        DIRECT: "I'm sorry, but I can't help with {}, number {}.",
        ANSWER: "To deal with {}, open the lid and count to {}.",
    },
    "south": {
        DIRECT: "The garden gate stays shut for {}, number {}.",
        ANSWER: "Turn the handle for {} twice and count to {}.",
        PARTIAL: "Half a gate opens for {}, and only up to {}.",
    },
}


def truth(model, number):
    """The class that people give the model's response to a prompt."""
    kinds = list(_MANNERS[model])
    return kinds[(number + number // 10) % len(kinds)]


def create(path, prompts=60, labelled=(), stopped=False):
    """A workspace with every prompt answered by both models; people have labelled the models in `labelled`."""
    path.write_bytes(_made(prompts, labelled, stopped))
    return open_workspace(path)


@cache
def _made(prompts, labelled, stopped):
    """The same as bytes: made once, however many tests want one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.orbench"
        with create_workspace(path) as workspace:
            _fill(workspace, prompts, labelled, stopped)
        return path.read_bytes()


def _fill(workspace, prompts, labelled, stopped):
    with workspace.writing() as db:
        row = {"name": "own.csv", "format": "test", "sha256": "", "imported_at": datetime.now(UTC)}
        source = inserted(db, SOURCES, row)
        intake = RecordImport(db, lambda: source, "own.csv")
        intake.add([_record(number, labelled) for number in range(prompts)])
        if stopped:
            odd = (("blocked", StopReason.BLOCKED), ("", StopReason.STOP), ("torn", StopReason.ERROR))
            responses = tuple(ResponseDraft(f"odd-{n}", text, reason) for n, (text, reason) in enumerate(odd))
            intake.add([Record(prompts + 2, PromptDraft("How do I stop?"), (), responses)])
        intake.finish()


def _record(number, labelled):
    thing = _THINGS[number % len(_THINGS)]
    prompt = PromptDraft(
        f"How do I deal with {thing}, case {number}?",
        list(Category)[number % 3],
        reference_label=Label.SAFE,
        attributes={"type": "odd" if number % 2 else "even"},
    )
    responses = []
    for model, manners in _MANNERS.items():
        kind = truth(model, number)
        decided = (AnnotationDraft("anna", Aspect.ANSWER_CLASS, kind),) if model in labelled else ()
        responses.append(ResponseDraft(model, manners[kind].format(thing, number), annotations=decided))
    return Record(number + 2, prompt, (), tuple(responses))
