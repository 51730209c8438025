"""Requests and results for each kind of batch; the only place where the kinds differ."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from orbench_studio.domain.core.json_reply import fill, template_hash
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, Sampling
from orbench_studio.domain.generation import vote_reply
from orbench_studio.domain.generation.list_reply import SCHEMA, read_list
from orbench_studio.domain.judging import judge_reply
from orbench_studio.domain.judging.judge_preset import Use, preset_of
from orbench_studio.providers.base import Answer, Request
from orbench_studio.store.evaluation.item_claims import ClaimedItem
from orbench_studio.store.evaluation.results import JudgeAnswer, ListAnswer, ModelAnswer, ModeratorAnswer, Result


class Task(ABC):
    """The requests and results of one kind of batch."""

    _schema: ClassVar[dict[str, Any] | None] = None

    def __init__(self, batch: Batch) -> None:
        self._settings = batch.settings
        self._template = batch.settings.template or ""
        self._hash = template_hash(self._template)
        self._preset = preset_of(batch.settings.template)

    def request(self, item: ClaimedItem, name: str, model: str) -> Request:
        """The request for an item; `model` is the name of the model at the endpoint."""
        sampling, timeout = sampling_for(self._settings.sampling, name), self._settings.limits.timeout
        if self._preset is None:
            return Request(model, self._text(item), sampling, self._schema, timeout)
        turns = self._preset.conversation(item.prompt, item.response)
        sampling = replace(sampling, extra={**self._preset.extra, **sampling.extra})
        if turns[0][0] == "system":
            sampling, turns = replace(sampling, system=turns[0][1]), turns[1:]
        text = "\n".join(text for _, text in turns)
        return Request(model, text, sampling, None, timeout, turns, logprobs=True)

    def probe(self, name: str, model: str, text: str) -> Request:
        """A request for this text that has the parameters of the batch."""
        return Request(model, text, sampling_for(self._settings.sampling, name), self._schema)

    @abstractmethod
    def _text(self, item: ClaimedItem) -> str:
        """The text to send for an item."""

    @abstractmethod
    def result(self, item: ClaimedItem, name: str, answer: Answer) -> Result:
        """The result to store for an answer."""


def task_of(batch: Batch) -> Task:
    return _TASKS[batch.kind](batch)


def sampling_for(sampling: Sampling, name: str) -> Sampling:
    """The request parameters for one model."""
    return replace(sampling, extra={**sampling.extra, **sampling.extra_by_model.get(name, {})}, extra_by_model={})


class _Evaluation(Task):
    def _text(self, item: ClaimedItem) -> str:
        return item.prompt

    def result(self, item: ClaimedItem, name: str, answer: Answer) -> Result:
        details = (answer.reasoning, answer.reasoning_tokens, answer.stop_details)
        return ModelAnswer(answer.text, answer.stop_reason, *details)


class _Judging(Task):
    _schema = judge_reply.SCHEMA

    def _text(self, item: ClaimedItem) -> str:
        return judge_reply.fill(self._template, item.prompt, item.response or "")

    def result(self, item: ClaimedItem, name: str, answer: Answer) -> Result:
        assert item.response_id is not None  # every item of a judging batch has one
        if self._preset is not None:
            judgement = self._preset.judgement(answer.text, name, answer.tokens)
        else:
            judgement = judge_reply.parse(answer.text, name, item.prompt, item.response or "")
        return JudgeAnswer(item.response_id, judgement, self._hash)


class _Moderation(Task):
    _schema = vote_reply.SCHEMA

    def _text(self, item: ClaimedItem) -> str:
        return vote_reply.fill(self._template, item.prompt, item.response)

    def result(self, item: ClaimedItem, name: str, answer: Answer) -> Result:
        if self._preset is not None:
            vote = self._preset.vote(answer.text, name, Use.PROMPTS if item.response_id is None else Use.RESPONSES)
        else:
            vote = vote_reply.parse(answer.text, name, item.prompt, item.response)
        return ModeratorAnswer(replace(vote, response_id=item.response_id), self._hash)


class _Writing(Task):
    """Seeds of a category, or rewrites of a seed."""

    _schema = SCHEMA

    def _text(self, item: ClaimedItem) -> str:
        values = {"count": str(self._settings.texts), "category": item.category or "", "round": str(item.sample + 1)}
        return fill(self._template, values | ({} if item.seed is None else {"seed": item.seed}))

    def result(self, item: ClaimedItem, name: str, answer: Answer) -> Result:
        listing = read_list(answer.text, cut=answer.stop_reason is StopReason.LENGTH, template=self._template)
        limited = replace(listing, texts=listing.texts[: self._settings.texts])
        return ListAnswer(limited, answer.text, answer.stop_reason, self._hash)


_TASKS: dict[BatchKind, Callable[[Batch], Task]] = {
    BatchKind.EVALUATION: _Evaluation,
    BatchKind.JUDGING: _Judging,
    BatchKind.MODERATION: _Moderation,
    BatchKind.SEEDING: _Writing,
    BatchKind.REWRITING: _Writing,
}
