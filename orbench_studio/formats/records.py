"""What a reader makes of one row, in the studio's words, whatever the file's format was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason

Came = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PromptDraft:
    """A prompt as a file has it. `external_key` joins files that word one prompt differently (`xstest:195`).

    `came` is what an export of the studio says of the file that a thing came from at first: its number in the export's
    manifest, and the line.
    """

    text: str
    category: Category | None = None
    origin: Origin = Origin.IMPORTED
    seed: str | None = None
    reference_label: Label | None = None
    external_key: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    seed_category: Category | None = None
    came: Came | None = None


@dataclass(frozen=True, slots=True)
class VoteDraft:
    """A moderator's vote on the thing it hangs on: the record's prompt, or a response."""

    moderator: str
    verdict: Verdict
    category: Category | None = None
    explanation: str = ""
    raw: str = ""
    came: Came | None = None


@dataclass(frozen=True, slots=True)
class JudgementDraft:
    """A judge's class for the row's response; `evidence` is a half-open span of characters of its text.

    `identity` tells a judge's judgements of one response apart where the class and the raw text do not.
    """

    judge: str
    kind: JudgeKind
    answer_class: AnswerClass
    explanation: str = ""
    evidence: tuple[int, int] | None = None
    raw: str | None = None
    template_hash: str | None = None
    identity: bytes | None = None
    came: Came | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry of another studio's journal; `uuid` names it in every copy, `target` the entry it undoes or redoes.

    `guideline` is the number of the guidelines decided by, as the file counts them.
    """

    uuid: str
    kind: str
    at: datetime
    annotator: str | None
    message: str
    target: str | None = None
    guideline: int | None = None


@dataclass(frozen=True, slots=True)
class AnnotationDraft:
    """A person's decision that comes with a file, on the response where the record has one, else on the prompt.

    Decided in a studio, it has its `deed` there, and the undos and redos of that.
    """

    annotator: str
    aspect: Aspect
    value: str
    raw: str | None = None
    reason: str | None = None
    visible: str = ""
    deed: EntryDraft | None = None
    undone: tuple[EntryDraft, ...] = ()
    came: Came | None = None


@dataclass(frozen=True, slots=True)
class ResponseDraft:
    """A model's response. `votes` are moderators' votes on this response (they feed the veto).

    `identity` tells a model's responses to one prompt apart where their texts do not; `asked` is the wording sent where
    it is another than the prompt's.
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
    identity: bytes | None = None
    came: Came | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one row of a file says; `line` is the 1-based line of the file on which the row begins."""

    line: int
    prompt: PromptDraft
    votes: tuple[VoteDraft, ...] = ()
    responses: tuple[ResponseDraft, ...] = ()
    annotations: tuple[AnnotationDraft, ...] = ()


class RowError(ValueError):
    """This row cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that is refused, and why; the rest of the file goes in."""

    line: int
    reason: str
