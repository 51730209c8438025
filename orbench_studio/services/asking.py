"""What a batch asks and what it makes of the answers: prompts put to models, or responses put to judges."""

from dataclasses import replace
from typing import Protocol

from orbench_studio.domain import judge_reply
from orbench_studio.domain.batch import Batch, BatchKind, Sampling
from orbench_studio.domain.reply import template_hash
from orbench_studio.providers.base import Answer, Request
from orbench_studio.store.claims import Claimed
from orbench_studio.store.results import Judged, Said


class Task(Protocol):
    """One kind of batch."""

    def request(self, item: Claimed, name: str, model: str) -> Request:
        """What to send for an item to the model of this name, which is called `model` at its endpoint."""

    def result(self, item: Claimed, name: str, answer: Answer) -> Said | Judged:
        """What to keep of the answer."""


def task_of(batch: Batch) -> Task:
    """How the batch's items are asked."""
    return _Judging(batch) if batch.kind is BatchKind.JUDGING else _Evaluation(batch)


def sampling_for(sampling: Sampling, name: str) -> Sampling:
    """The sampling with what is meant for this model alone."""
    return replace(sampling, extra={**sampling.extra, **sampling.extra_by_model.get(name, {})}, extra_by_model={})


class _Evaluation:
    def __init__(self, batch: Batch) -> None:
        self._settings = batch.settings

    def request(self, item: Claimed, name: str, model: str) -> Request:
        sampling = sampling_for(self._settings.sampling, name)
        return Request(model, item.prompt, sampling, timeout=self._settings.limits.timeout)

    def result(self, item: Claimed, name: str, answer: Answer) -> Said | Judged:
        return Said(answer.text, answer.stop_reason)


class _Judging:
    def __init__(self, batch: Batch) -> None:
        self._settings = batch.settings
        self._template = batch.settings.template or ""
        self._hash = template_hash(self._template)

    def request(self, item: Claimed, name: str, model: str) -> Request:
        text = judge_reply.put(self._template, item.prompt, item.response or "")
        sampling = sampling_for(self._settings.sampling, name)
        return Request(model, text, sampling, judge_reply.SCHEMA, self._settings.limits.timeout)

    def result(self, item: Claimed, name: str, answer: Answer) -> Said | Judged:
        assert item.response_id is not None  # every item of a judging batch has one
        judgement = judge_reply.read(answer.text, name, item.prompt, item.response or "")
        return Judged(item.response_id, judgement, self._hash)
