"""One table of the field's words for safe and toxic, and for answers and refusals.

A word is here only with its opposite, so that a column is never read by half. A bare number or yes and no mean
something only as the answer to a yes-or-no question, and never an answer class. The name of a column asks it, or the
user, who maps a column with a name that says nothing to is_refusal.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.judgement import ANSWERS, STOPPED, AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.response import STOP_REASONS, StopReason
from orbench_studio.formats.api_errors import is_nothing
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import of_python

_LIST = re.compile(r"""\s*\[\s*(?:["'].*["']\s*,?\s*)?\]\s*$""", re.DOTALL)
_HARM_PAIRS = (
    ("safe", "unsafe toxic"),
    ("benign", "malicious"),
    ("harmless", "harmful"),
    ("unharmful not_harmful non_harmful", "harmful"),
    ("non_toxic nontoxic not_toxic", "toxic"),
    ("not_flagged unflagged", "flagged"),
    ("acceptable", "unacceptable"),
    ("vanilla_benign adversarial_benign", "vanilla_harmful adversarial_harmful"),
)
_REFUSAL_PAIRS = (
    ("compliance compliant comply complies complied complying", "non_compliance noncompliance non_compliant"),
    ("full_compliance", "full_refusal"),
    ("answer answers answered answering", "refusal refuse refuses refused refusing"),
    ("non_refusal nonrefusal not_refusal no_refusal not_refused not_a_refusal", "refusal"),
    ("accept accepts accepted acceptance not_rejected", "reject rejects rejected rejection"),
    ("fulfilled fulfils fulfills", "declined decline declines"),
)
LABELS: Mapping[str, Label] = {
    **{word: Label.SAFE for safe, _ in _HARM_PAIRS for word in safe.split()},
    **{word: Label.TOXIC for _, toxic in _HARM_PAIRS for word in toxic.split()},
    "controversial": Label.CONTROVERSIAL,
}
ANSWER_CLASSES: Mapping[str, AnswerClass] = {
    **{word: AnswerClass.DIRECT_ANSWER for answers, _ in _REFUSAL_PAIRS for word in answers.split()},
    **{word: AnswerClass.DIRECT_REFUSAL for _, refusals in _REFUSAL_PAIRS for word in refusals.split()},
    "full_refusal": AnswerClass.DIRECT_REFUSAL,
    "partial_compliance": AnswerClass.PARTIAL_REFUSAL,
    "1_full_compliance": AnswerClass.DIRECT_ANSWER,
    "2_full_refusal": AnswerClass.DIRECT_REFUSAL,
    "3_partial_refusal": AnswerClass.PARTIAL_REFUSAL,
    **{answer.value: answer for answer in (*ANSWERS, *STOPPED)},
    "blocked": AnswerClass.BLOCKED_BY_FILTER,
}
TRUTH = {"true": True, "1": True, "yes": True, "y": True, "false": False, "0": False, "no": False, "n": False}
_NO_ERROR = {"ok", "success", "succeeded", "successful", "200", "no_error", "no_errors", "[]", "{}"}
_NO_ERROR |= {word for word, is_true in TRUTH.items() if not is_true}
STOPS: Mapping[str, StopReason] = {
    **STOP_REASONS,
    "refused": StopReason.REFUSED,
    "completed": StopReason.STOP,
    **dict.fromkeys(("blocked", "content_policy_violation", "responsibleaipolicyviolation"), StopReason.BLOCKED),
    **dict.fromkeys(("error", "errored", "expired", "canceled", "cancelled", "failed"), StopReason.ERROR),
    **dict.fromkeys(map(str, range(400, 600)), StopReason.ERROR),  # status codes of HTTP
}
_DIGITS = r"(?:\d{1,3}(?:[,.'\u2019\s]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d*)?|[.,]\d+|inf(?:inity)?)"
_MINUS = "\u2212\u2013\uff0d"  # written for a hyphen
_NUMBER = re.compile(
    rf"[-+{_MINUS}]?\s?{_DIGITS}(?:e[-+{_MINUS}]?\d+)?(?:\s?[%\u2030]|\s?/\s?{_DIGITS})?", re.IGNORECASE
)
_HYPHENS = str.maketrans(dict.fromkeys(_MINUS, "-"))
_WHOLE = re.compile(r"(-?\d+)\.0*")
_BESIDE = (
    r"(?:\d+|v\d+|by|of|in|label(?:s|ed|led)?|flags?|bool|boolean|binary|values?|judge[ds]?|judge?ments?|verdicts?"
    r"|decisions?|scorer|detected|detection|present|found|pred|predicted|prediction|human|annotators?|moderators?|guard"
    r"|model|llm|ai|bot|assistant|user|responses?|reply|answers?|outputs?|completions?|generations?|prompts?|requests?"
    r"|query|questions?|instructions?|text|content|intent|language|speech|comments?|messages?|behaviou?r"
    r"|(?:chat)?gpt\d*|claude\d*|llama\d*|mistral|mixtral|qwen\d*|gemini|gemma\d*|deepseek|grok)"
)
"""Words after that of a question that leave its meaning as it is; any other may turn it round."""
_OF_HARM = re.compile(
    r"(?:^|[_.])(?:is|was)?(?:toxic(?:ity)?|harm(?:s|ful|fulness)?|unsafe|flag(?:s|ged)?|malicious|danger(?:ous)?)"
    rf"(?:[_.]{_BESIDE})*\W*$"
)
_NOT_HARM = re.compile(
    r"(?<!un)safe|safety|harmless|benign|un_?harmful|(?:^|_)pass|allow|accept|approv|permit|compl[iy]"
)
_OPPOSITE = re.compile(
    r"(?:^|[_.])(?:not?|non\w*|nor|neither|never|un|de|dis|anti|without|zero|free|less|(?:is|was|were|did|does|do|has|have|had|ca|could|wo|would|should)n['’]?t|cannot"
    r"|(?:avoid|avert|prevent|remov|reduc|mitigat|resolv|clean|filter|absen|lack|miss|bypass|evad|suppress|overc[ao]m"
    r"|overrid|circumvent|eliminat|ablat|block|stop|cur(?=e)|fix|heal|neutrali|un(?:refus|reject|declin|flag|toxic)|detox)"
    r"\w*)(?:[_.]|$)"
)
"""Words of negation and remedy."""
_NOT_REFUSAL = re.compile(
    r"(?:^|_)(?:not?|non|un|without)_?(?:refus|reject)|compl[iy]|answered|accept|helpful|engag"
    r"|^(?!.*(?:refus|reject)).*(?:jail_?br[eo]|attack|success|bypass|harm|unsafe|(?:^|_)asr(?:_|$))"
)
_OF_REFUSAL = re.compile(
    r"(?:^|[_.])(?:is|was)?(?:refus(?:als?|e[ds]?|ing)|reject(?:s|ed|ion|ing)?|declin(?:e[ds]?|ing)"
    rf"|abst(?:ain(?:s|ed|ing)?|ention))(?:[_.]{_BESIDE})*\W*$"
)
_OF_SOMETHING_ELSE = re.compile(
    r"(?:^|[_.])(?:(?:in)?correct\w*|right|wrong\w*|accura\w*|match\w*|agree\w*|pass(?:ed|es)?|fail(?:ed|ures?|s)?"
    r"|types?|codes?|class|error|over|false|true|unnecessary|exaggerated|appropriate\w*|justified|valid|asr)(?:[_.]|$)"
    r"|overrefus"
)
_OF_A_SCALE = re.compile(
    r"(?:^|[_.])(?:scores?|grades?|ratings?|rates?|levels?|degree|severity|count|num|number|n|prob\w*|conf\w*|logit\w*"
    r"|threshold|mean|average|avg|percent(?:age)?)(?:[_.]|$)"
)
_OF_ANYTHING = re.compile(
    r"(?:^|[_.])(?:labels?|scores?|ratings?|grades?|values?|marks?|verdicts?|judge\w*|annotat\w*|decisions?|outcomes?"
    r"|evals?|evaluations?|results?)(?:[_.]|$)|^[a-z]{1,2}\d*$"
)
_OF_NO_RESPONSE = re.compile(r"(?:^|[_.])(?:expect\w*|should|must|gold|target|desired|ideal)(?:[_.]|$)")
_GUARD_REPLY = re.compile(r"(unsafe)[\s,:]+s\d\d?(?:\s*,\s*s\d\d?)*")
_IDENTIFIER = re.compile(r"(?=\D*\d|[a-z]+[_-])[A-Za-z0-9_.:-]{1,64}|https?://\S+")
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|webp|bmp|svg|tiff?|mp3|wav|ogg|mp4|avi|pdf)", re.IGNORECASE)


def word(text: str) -> str:
    """A value as a word of the table: lower case, with underscores; 1.0 and +1 are 1, and -0.5 stays -0.5."""
    plain = text.strip().lower()
    if not is_number(plain):
        return plain.replace(" ", "_").replace("-", "_")
    number = "".join(plain.translate(_HYPHENS).removeprefix("+").split())
    whole = _WHOLE.fullmatch(number)
    return whole[1] if whole else number


def truth_values(column: str) -> Mapping[str, str]:
    """What yes, no and so on mean in a column that asks whether a response refuses."""
    found = {value: refusal(value, column, is_asked=True) for value in TRUTH}
    return {value: answer.value for value, answer in found.items() if answer is not None}


def is_bare(text: str) -> bool:
    """Whether a value is a number or a yes or no, which means nothing without a question."""
    return is_number(text) or word(text) in TRUTH


def is_no_error(text: str) -> bool:
    """Whether the value of a column of errors says that there was none."""
    return is_nothing(text) or word(text) in _NO_ERROR


def is_number(text: str) -> bool:
    """Whether a value is a number, as codes and grades are: also -0.5, +1, 1e-05, 0,5, 50 % and 4/5."""
    return _NUMBER.fullmatch(text.strip()) is not None


def asks_yes_or_no(column: str) -> bool:
    """Whether the name of a column is a question with two answers, not what a scale measures."""
    return re.search(r"(?:^|[_.])(?:is|has|was|does|did)_|(?:ed|flags?|binary)$", _name(column)) is not None


def is_identifier(text: str) -> bool:
    """Whether a text is a number, the name of a file or an identifier, such as self_care: it points to a prompt."""
    return is_number(text) or _IDENTIFIER.fullmatch(text.strip()) is not None or is_file_name(text)


def is_file_name(text: str) -> bool:
    """Whether a text is the name of a picture or of another file that is not text."""
    return _FILE_NAME.fullmatch(text.strip()) is not None


def _harm_word(text: str) -> str:
    """The word of a verdict; Llama Guard adds lines with the categories that an unsafe text violates."""
    guard = _GUARD_REPLY.fullmatch(text.strip().lower())
    return guard[1] if guard else word(text)


def label(text: str, column: str) -> Label | None:
    """The label that a value states in a column of this name; None if it is not known."""
    found = _harm_word(text)
    if found in LABELS:
        return LABELS[found]
    if found not in TRUTH or not _asks_harm(column):
        return None  # yes means toxic only where the name of the column asks that
    return Label.TOXIC if TRUTH[found] else Label.SAFE


@cache
def _asks_harm(column: str) -> bool:
    name = _name(column)
    others = (_NOT_HARM, _OF_SOMETHING_ELSE, _OF_A_SCALE, _OPPOSITE)
    return _OF_HARM.search(name) is not None and not any(other.search(name) for other in others)


def verdict(text: str, column: str) -> Verdict | None:
    """The verdict that a value states in a column that says whether a text is toxic; None if it is not known."""
    found = label(text, column)
    return Verdict(found.value) if found in (Label.SAFE, Label.TOXIC) else None


def answer_class(text: str) -> AnswerClass | None:
    """The answer class that a value names; None for another word, a bare number, and yes or no."""
    return ANSWER_CLASSES.get(word(text))


def refusal(text: str, column: str, *, is_asked: bool = False) -> AnswerClass | None:
    """The answer class that a value states in a column that says whether a response refuses; None if unknown.

    With `is_asked`, the user says that the column asks this, under whatever name that does not say the opposite.
    """
    found = word(text)
    if found in ANSWER_CLASSES:
        return ANSWER_CLASSES[found]
    if found not in TRUTH or is_negated(column) or not (is_asked or asks_refusal(column)):
        return None
    return AnswerClass.DIRECT_REFUSAL if TRUTH[found] else AnswerClass.DIRECT_ANSWER


@cache
def asks_refusal(column: str) -> bool:
    """Whether the name of a column asks if a response refuses: `refused`, but not `refusal_correct` or `score`."""
    name = _name(column)
    others = (_OF_SOMETHING_ELSE, _OF_A_SCALE, _OF_NO_RESPONSE)
    return _OF_REFUSAL.search(name) is not None and not any(other.search(name) for other in others)


@cache
def says_nothing(column: str) -> bool:
    """Whether the name of a column says that it judges something, but not what: `score`, `human_label`, `x`."""
    name = _name(column)
    others = (_OF_SOMETHING_ELSE, _OF_NO_RESPONSE, _OF_HARM)
    return _OF_ANYTHING.search(name) is not None and not any(other.search(name) for other in others)


@cache
def is_negated(column: str) -> bool:
    """Whether yes in a column of this name means an answer, not a refusal."""
    return any(of.search(_name(column)) is not None for of in (_NOT_REFUSAL, _OPPOSITE))


def _name(column: str) -> str:
    """The name of a column in lower case, its words divided by underscores."""
    return word(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column))


def truth(text: str, column: str) -> bool | None:
    """Parse a boolean; None for an empty cell."""
    found = word(text)
    if found not in TRUTH and found:
        raise RowError(f"{column} is {shortened(text)}, neither True nor False")
    return TRUTH.get(found)


def shortened(text: str) -> str:
    """The beginning of a cell, quoted, for messages."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def listed(value: Any) -> Any:
    """The list of texts that a text is, as JSON and Python write it; any other value as it is."""
    found = of_python(value) if isinstance(value, str) and _LIST.match(value) else None
    return found if isinstance(found, list) and all(isinstance(part, str) for part in found) else value
