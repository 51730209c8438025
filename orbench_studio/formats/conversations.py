"""Conversations: lists of messages as OpenAI, Anthropic and ShareGPT write them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from orbench_studio.formats.column_names import JUDGES
from orbench_studio.formats.nested_paths import COLUMN, not_a_text, plain
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested

_USERS = frozenset({"human", "user", "prompter"})
_SYSTEMS = frozenset({"system", "developer"})
_MODELS = frozenset(
    {"ai", "agent", "assistant", "bot", "chatbot", "chatgpt", "claude", "copilot", "deepseek", "falcon", "gemini",
     "gemma", "gpt", "grok", "llama", "llm", "lm", "machine", "mistral", "mixtral", "model", "openai", "phi", "qwen",
     "target", "vicuna", "victim"}
)  # fmt: skip
"""Words in the roles that stand for a model."""
_SHAPES = (("role", "content"), ("from", "value"), ("role", "text"), ("role", "parts"))
CONTENTS = tuple(content for _, content in _SHAPES)
_TURNS = {"user": "user", "assistant": "model", "system": "system prompt"}
_LISTS = ("turns", "messages", "conversation", "conversations", "dialogue", "dialog", "history")
"""Names of lists whose texts are the turns of one conversation."""
_INNER = ("content", "text", "answer")  # names of the text in a content that is an object
_MEDIA = re.compile(r"image|audio|video|file|document", re.IGNORECASE)
_TEXT_PARTS = ("text", "output_text", "input_text")
_REPLIES = ("reply", "response")  # which a vendor divides into parts also within a sentence


class Conversation(NamedTuple):
    """The last thing that the user says, with the system prompt and the earlier turns, and the reply to it.

    `has_null_reply` if the only reply is null. `unread` has the roles of the texts after it that are not the reply,
    `media` the kinds of parts that are no texts.
    """

    prompt: str
    system: str = ""
    earlier: str = ""
    reply: str | None = None
    has_null_reply: bool = False
    unread: tuple[str, ...] = ()
    media: tuple[str, ...] = ()

    @property
    def asked(self) -> str | None:
        """Everything that the model was sent; None if that is the prompt alone."""
        if not self.system and not self.earlier:
            return None
        system = f"system: {self.system}" if self.system else ""
        return "\n\n".join(filter(None, (system, self.earlier, f"user: {self.prompt}")))


def is_conversation(value: Any) -> bool:
    """Whether a value is a list of messages. OpenAI has other items between them, such as calls of a function."""
    return (
        isinstance(value, list)
        and any(_shape(message) is not None for message in value)
        and all(_shape(message) is not None or _is_item(message) for message in value)
    )


def _is_item(value: Any) -> bool:
    is_typed = isinstance(value, Mapping) and isinstance(value.get("type"), str)
    return is_typed and value.get("role") is None and value.get("from") is None  # which Parquet adds


def is_media(kind: str) -> bool:
    """Whether a part of this kind is a picture or another file, which may be part of a prompt."""
    return _MEDIA.search(kind) is not None


def is_of_model(role: str) -> bool:
    """Whether a turn with this role is one of a model or a system prompt."""
    return _role(role) in ("assistant", "system")


def read(value: Any, path: str = COLUMN) -> Conversation | None:
    """The conversation in a list of messages at a path, or in a text that is the JSON of one; None for other values."""
    if isinstance(value, str):
        if value[:1] != "[" or not ('"role"' in value or '"from"' in value):
            return None
        try:
            value = nested(value)
        except ValueError:
            return None
    return _conversation(value, path) if is_conversation(value) else None


def follows_turns(value: Any, place: int, name: str) -> bool:
    """Whether a place in a list with this name is that of a turn after others, of which the system prompt is none."""
    before = value[:place] if isinstance(value, list) else []
    if is_conversation(value):
        return any(_role(of[shape[0]]) != "system" for of in before if (shape := _shape(of)) is not None)
    return bool(before) and name in _LISTS


def require_turns(of: str, place: str, value: Any) -> None:
    """Raise RowError if the message at a place, or one of a list of them, is a turn of another than this role."""
    for message in value if isinstance(value, list) else [value]:
        shape = _shape(message)
        role = _role(message[shape[0]]) if shape is not None else ""
        if role in _TURNS and role != of:
            reason = f"{place} has a turn of the {_TURNS[role]}, not of the {_TURNS[of]}"
            raise RowError(f"{reason}. If it is in a conversation, map the list of all its turns to prompt")


def has_turn_of_model(value: Any) -> bool:
    """Whether a value is a list of turns, one of which is a model's."""
    turns = (turn for turn in value if isinstance(turn, Mapping)) if isinstance(value, list) else ()
    roles = (turn.get("role", turn.get("from")) for turn in turns)
    return any(isinstance(role, str) and _role(role) == "assistant" for role in roles)


def text(content: Any, what: str, path: str = COLUMN) -> str:
    """The text of a message: a text, or parts of which those that are texts count."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    inner = next((content[name] for name in _INNER if name in content), None) if isinstance(content, Mapping) else None
    if isinstance(inner, str | list):
        return text(inner, what, path)
    may_be_texts = what in ("message", "reply")
    is_of_parts = isinstance(content, list) and (may_be_texts or len(content) < 2 or not _is_of_texts(content))
    if is_of_parts and all(isinstance(part, str | Mapping) for part in content):
        found = _joined(content, what)
        if found or not any(isinstance(part, Mapping) and part.get("text") for part in content):
            return found  # else texts of kinds that are not known
    raise not_a_text(content, what, path)


def _joined(parts: Sequence[Any], what: str) -> str:
    """The texts of parts, each on a line of its own, except those of a reply that follow each other."""
    found, was_text = "", False
    for part in parts:
        is_text = what in _REPLIES and isinstance(part, Mapping) and part.get("type", "text") in _TEXT_PARTS
        if inner := _part(part, what):
            found += inner if not found or (was_text and is_text) else f"\n{inner}"
        was_text = is_text
    return found


def samples(value: Any, prompt: str = "", path: str = COLUMN) -> list[str | None]:
    """The response at a path to the prompt of its row, or several samples of it, of which some may be missing."""
    if isinstance(value, str) and type(value) is not str:
        return [value]  # a text with a mark of the doctor
    if _is_output(value):
        return [text(value, "response")]
    conversation = read(value, path)
    if conversation is not None:
        if conversation.reply is None and conversation.unread:
            roles = ", ".join(dict.fromkeys(conversation.unread))
            raise RowError(f"the conversation ends with turns of {roles}, none of which is known as a model")
        if conversation.earlier and prompt and conversation.prompt.strip() != prompt.strip():
            reason = "the response is a conversation of several turns, whose last one of a user is not the prompt"
            raise RowError(f"{reason}. Name a path inside it, such as {path}.0.content, or map it to prompt")
        return [conversation.reply]
    if isinstance(value, list) and any(map(_is_likelihood, (value, *value))):
        reason = "the response is the log probability of a choice, not a text: the model generated none"
        raise RowError(f"{reason}. Import the prompts alone: map only prompt")
    if isinstance(value, list) and value and all(isinstance(one, str | list) or one is None for one in value):
        each = (inner for one in value for inner in (one if _is_of_texts(one) else [one]))
        return [None if inner is None else text(inner, "response", path) for inner in each]
    if isinstance(value, list) and len(value) > 1 and not all(isinstance(p, Mapping) and "type" in p for p in value):
        raise not_a_text(value, "response", path)
    if isinstance(value, list | dict):
        require_turns("assistant", path, value)
        return [text(value, "response", path)]
    return [plain(value, "response", path)]


def _is_output(value: Any) -> bool:
    """Whether a value is the output of OpenAI's Responses API: items, of which the messages are the model's."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) and "type" in item for item in value):
        return False
    return {_role(str(item.get("role"))) for item in value if item["type"] == "message"} == {"assistant"}


def _is_likelihood(value: Any) -> bool:
    """Whether a value is a log probability, and whether its text is the likeliest one, as lm-evaluation-harness
    writes them.
    """
    if not isinstance(value, list) or len(value) != 2 or str(value[1]).lower() not in ("true", "false"):
        return False
    with suppress(ValueError):
        return isinstance(float(str(value[0])), float)
    return False


def _is_of_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) or one is None for one in value)


def _part(part: Any, what: str) -> str:
    if isinstance(part, str):
        return part
    if part.get("type") == "message":
        return text(part.get("content"), what)
    found = part.get("text") if part.get("type", "text") in _TEXT_PARTS else ""
    found = part.get("refusal") if part.get("type") == "refusal" else found
    if not isinstance(found, str):
        raise RowError(f"the {what} has a part that is not a text")
    return found


def _shape(message: Any) -> tuple[str, str] | None:
    if not isinstance(message, Mapping):
        return None
    found = next((pair for pair in _SHAPES if pair[0] in message and pair[1] in message), None)
    return found if found and isinstance(message[found[0]], str) else None


def _role(stated: str) -> str:
    """The role as user, assistant or system; another one in lower case."""
    role = stated.strip().lower()
    if role in _USERS:
        return "user"
    if role in _SYSTEMS:
        return "system"
    words = frozenset(re.findall(r"[^\W\d_]+", role))
    return "assistant" if words & _MODELS and not words & (_USERS | JUDGES) else role


def _conversation(messages: Sequence[Mapping[str, Any]], path: str) -> Conversation:
    turns: list[tuple[str, str]] = []
    nulls = set[int]()
    for message in messages:
        if (shape := _shape(message)) is not None:
            role, content = _role(message[shape[0]]), message[shape[1]]
            content = message.get("refusal") if content is None else content
            if content is None and not any(isinstance(value, list | dict) and value for value in message.values()):
                nulls.add(len(turns))  # else it has calls of tools
            turns.append((role, text(content, "reply" if role == "assistant" else "message")))
    last = max((at for at, (role, _) in enumerate(turns) if role == "user"), default=None)
    if last is None:
        roles = ", ".join(dict.fromkeys(role for role, _ in turns))
        reason = f"the conversation has no turn of a user, only of {roles}"
        raise RowError(f"{reason}. Name a path inside it: {path}.0.content")
    system = "\n\n".join(said for role, said in turns[:last] if role == "system")
    earlier = "\n\n".join(f"{role}: {said}" for role, said in turns[:last] if role != "system")
    after = turns[last + 1 :]
    replies = {at: said for at, (role, said) in enumerate(turns) if at > last and role == "assistant"}
    has_null_reply = bool(replies) and replies.keys() <= nulls
    reply = next(filter(None, replies.values()), "" if replies.keys() - nulls else None)
    others = [role for role, said in after if said]
    if reply:
        others.remove("assistant")
    return Conversation(turns[last][1], system, earlier, reply, has_null_reply, tuple(others), tuple(_media(messages)))


def _media(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The kinds of the parts of messages that are no texts, such as pictures."""
    for message in messages:
        content = message.get("content", message.get("parts"))
        for part in content if isinstance(content, list) else ():
            kinds = [str(part["type"])] if isinstance(part, Mapping) and "type" in part else part
            names = kinds if isinstance(kinds, list | Mapping) else ()
            yield from filter(is_media, names)
