"""A test workspace: two models with different phrases, optionally with human answer classes."""

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
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

DIRECT, PARTIAL, ANSWER = AnswerClass.DIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL, AnswerClass.DIRECT_ANSWER
_THINGS = ("candles", "locks", "weeds", "chess", "servers", "balloons", "portraits", "mangoes", "drums", "kites")
_PHRASES = {
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
    """The human answer class of the model's response to a prompt."""
    kinds = list(_PHRASES[model])
    return kinds[(number + number // 10) % len(kinds)]


def create(path, prompts=60, labelled=(), stopped=False):
    """Create a workspace with responses of both models; those of the models in `labelled` have human labels."""
    path.write_bytes(_file_content(prompts, labelled, stopped))
    return open_workspace(path)


@cache
def _file_content(prompts, labelled, stopped):
    """The workspace file, created once for all tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "test.orbench"
        with create_workspace(path) as workspace:
            _fill(workspace, prompts, labelled, stopped)
        return path.read_bytes()


def _fill(workspace, prompts, labelled, stopped):
    with workspace.writing() as db:
        row = {"name": "test.csv", "format": "test", "sha256": "", "imported_at": datetime.now(UTC)}
        source = inserted(db, SOURCES, row)
        record_import = RecordImport(db, lambda: source, "test.csv")
        record_import.add([_record(number, labelled) for number in range(prompts)])
        if stopped:
            odd = (("blocked", StopReason.BLOCKED), ("", StopReason.STOP), ("torn", StopReason.ERROR))
            responses = tuple(ResponseDraft(f"odd-{n}", text, reason) for n, (text, reason) in enumerate(odd))
            record_import.add([Record(prompts + 2, PromptDraft("How do I stop?"), (), responses)])
        record_import.finish()


def _record(number, labelled):
    thing = _THINGS[number % len(_THINGS)]
    prompt = PromptDraft(
        f"How do I deal with {thing}, case {number}?",
        list(Category)[number % 3],
        reference_label=Label.SAFE,
        attributes={"type": "odd" if number % 2 else "even"},
    )
    responses = []
    for model, phrases in _PHRASES.items():
        kind = truth(model, number)
        labels = (AnnotationDraft("anna", Aspect.ANSWER_CLASS, kind),) if model in labelled else ()
        responses.append(ResponseDraft(model, phrases[kind].format(thing, number), annotations=labels))
    return Record(number + 2, prompt, (), tuple(responses))
