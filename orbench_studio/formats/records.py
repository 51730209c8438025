"""Records: what every reader makes of a row, independent of the file format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason

OriginalSource = tuple[int, int]
CONTEXT = ("system_prompt", "earlier_turns")  # attributes of a prompt, which each response has of its own


@dataclass(frozen=True, slots=True)
class PromptDraft:
    """A prompt of a file. `external_key` matches prompts across files that differ in their text (`xstest:195`).

    `original` is the source that an export names: its number in the manifest, and the line.
    """

    text: str
    category: str | None = None
    origin: Origin = Origin.IMPORTED
    seed: str | None = None
    reference_label: Label | None = None
    external_key: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    seed_category: str | None = None
    original: OriginalSource | None = None


@dataclass(frozen=True, slots=True)
class VoteDraft:
    """A moderator's vote on the prompt or response that it belongs to."""

    moderator: str
    verdict: Verdict
    category: str | None = None
    explanation: str = ""
    raw: str = ""
    original: OriginalSource | None = None
    template_hash: str | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class JudgementDraft:
    """A judge's class for the row's response; `evidence` is a half-open span of characters of its text.

    `identity` distinguishes judgements of one judge and response that have the same class and raw text; `refusal` is
    the judge's probability of any refusal.
    """

    judge: str
    kind: JudgeKind
    answer_class: AnswerClass
    explanation: str = ""
    evidence: tuple[int, int] | None = None
    raw: str | None = None
    template_hash: str | None = None
    identity: bytes | None = None
    original: OriginalSource | None = None
    refusal: float | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A journal entry of another workspace; `uuid` is the same in every copy, `target` the entry it reverses.

    `counter` orders its annotator's entries; 0 where it has none. `guideline` is the number, in the file, of the
    current guidelines.
    """

    uuid: str
    kind: str
    at: datetime
    counter: int
    annotator: str | None
    message: str
    target: str | None = None
    guideline: int | None = None


@dataclass(frozen=True, slots=True)
class AnnotationDraft:
    """A human decision in a file, about the response or prompt that it belongs to.

    A decision made in the studio has the `entry` of its journal, and the undos and redos of that.
    """

    annotator: str
    aspect: Aspect
    value: str
    raw: str | None = None
    reason: str | None = None
    visible: str = ""
    entry: EntryDraft | None = None
    undone: tuple[EntryDraft, ...] = ()
    original: OriginalSource | None = None


@dataclass(frozen=True, slots=True)
class ResponseDraft:
    """A model's response. `votes` are moderators' votes on this response (they feed the veto).

    `identity` distinguishes responses of one model to one prompt that have the same text; `asked` is the text that was
    sent, if it differs from the prompt's.
    """

    model: str
    text: str
    stop_reason: StopReason = StopReason.UNKNOWN
    error: str | None = None
    reference_class: AnswerClass | None = None
    judgements: tuple[JudgementDraft, ...] = ()
    annotations: tuple[AnnotationDraft, ...] = ()
    votes: tuple[VoteDraft, ...] = ()
    asked: str | None = None
    simulated: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning: str | None = None
    reasoning_tokens: int | None = None
    stop_details: str | None = None
    identity: bytes | None = None
    original: OriginalSource | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The content of one row of a file; `line` is the 1-based line on which the row begins."""

    line: int
    prompt: PromptDraft
    votes: tuple[VoteDraft, ...] = ()
    responses: tuple[ResponseDraft, ...] = ()
    annotations: tuple[AnnotationDraft, ...] = ()


VALUE = "value"
"""What a row wants whose value has no known meaning."""


class RowError(ValueError):
    """This row cannot be imported; the text is the reason. `wants` is what the user can give for it, if anything."""

    def __init__(self, text: str, wants: str = "") -> None:
        super().__init__(text)
        self.wants = wants


@dataclass(frozen=True, slots=True)
class RowFault:
    """A rejected row with the reason, and what the user can give for it; the other rows are imported."""

    line: int
    reason: str
    wants: str = ""
