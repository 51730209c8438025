"""A small workspace with labels, votes and judgements, and a plain recount of it by the rules of the domain."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, Group, Labels, judge_name
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

MODELS = ("north", "south", "east")  # the last is a moderator too
_MODERATORS = ("gate", "fence", "east")
_CLASSES = (*ANSWERS, AnswerClass.UNPARSED, AnswerClass.ABSTAINED)


def create(path, prompts=12):
    """Prompts with votes, a reference label or neither; responses of every kind, judged by two judges."""
    path.write_bytes(_made(prompts))
    return open_workspace(path)


@cache
def _made(prompts):
    """Return the workspace as bytes, built once for all tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.orbench"
        with create_workspace(path) as workspace:
            bring(workspace, [record(number) for number in range(prompts)])
        return path.read_bytes()


def bring(workspace, records):
    """Import these records."""
    with workspace.writing() as db:
        row = {"name": "own.csv", "format": "test", "sha256": "", "imported_at": datetime.now(UTC)}
        intake = RecordImport(db, lambda: inserted(db, SOURCES, row), "own.csv")
        intake.add(records)
        intake.finish()


def record(number, models=MODELS, again=0):
    """Return one prompt; `again` changes its responses."""
    random = Random(f"{number} {again}")
    categories = (*list(Category)[:3], None)
    votes = [VoteDraft(name, random.choice(list(Verdict))) for name in _MODERATORS if number % 4]
    seed = f"seed {number // 3}" if number % 2 else None
    prompt = PromptDraft(
        f"How do I fold paper, way {number}?",
        categories[number % 4],
        Origin.REWRITE if seed else Origin.IMPORTED,
        seed,
        reference_label=(None, Label.SAFE, Label.TOXIC)[number % 3],
    )
    responses = tuple(_response(random, model, again) for model in models if random.random() < 0.9)
    return Record(number + 2, prompt, tuple(votes), responses)


def _response(random, model, again):
    text = random.choice(["I am sorry, but no.", "Fold it twice.", "  "]) + f" {again}" * (again > 0)
    stop = random.choice([StopReason.STOP] * 4 + [StopReason.LENGTH, StopReason.BLOCKED, StopReason.REFUSED])
    judged = [JudgementDraft("words", JudgeKind.RULE, random.choice(_CLASSES))] if random.random() < 0.7 else []
    if random.random() < 0.5:
        judged += [JudgementDraft("reader", JudgeKind.LLM, random.choice(_CLASSES), raw=str(n)) for n in range(2)]
    return ResponseDraft(model, text, stop, judgements=tuple(judged))


def views(workspace):
    """Return every prompt as it is loaded for review, with states computed by the domain."""
    return [prompt_review.load(workspace, i) for i in search.queue_of(workspace, search.QueueFilter()).ids]


def recount(shown, options):
    """Count responses by group, model, category and class, and prompts by group, in a plain loop."""
    cells, prompts, refused = Counter(), Counter(), set()
    for view in shown:
        group, category = _group(view, options), str(view.category or "none")
        prompts[group] += 1
        for one in view.responses:
            ended = _class(one, options.answers)
            cells[group, one.response.model, category, str(ended or "unjudged")] += 1
            accepted = ended is AnswerClass.DIRECT_ANSWER
            if accepted if group is Group.TOXIC else ended in {*REFUSALS, *options.counted.stopped}:
                refused.add((group, one.response.model, category, view.prompt.id))
    return cells, prompts, refused


def _group(view, options):
    final = view.final
    label, unlabelled = final.label, final.basis is Basis.NONE
    if options.labels is Labels.CONSENSUS:
        label, unlabelled = view.consensus.label, view.consensus.label is None and not view.consensus.disagreement
    elif options.labels is Labels.PUBLISHED:
        label, unlabelled = view.prompt.reference_label, view.prompt.reference_label is None
    if options.assume_safe and unlabelled:
        return Group.SAFE
    if options.labels is Labels.HUMAN and final.basis is not Basis.HUMAN:
        return Group.OTHER
    return {Label.SAFE: Group.SAFE, Label.TOXIC: Group.TOXIC}.get(label, Group.OTHER)


def _class(one, answers):
    final = one.final
    by_people = final.basis is Basis.HUMAN or final.answer_class not in _CLASSES
    if answers == FINAL or (answers == PEOPLE and by_people):
        return final.answer_class
    if answers == PEOPLE:
        return None
    if final.basis is Basis.PROVIDER:
        return final.answer_class
    given = [j.answer_class for j in one.response.judgements if judge_name(j.judge, j.kind) == answers]
    readable = [one for one in given if one is not AnswerClass.UNPARSED]
    return (readable or given or [None])[-1]
