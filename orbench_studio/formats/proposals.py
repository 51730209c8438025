"""Propose a mapping: from the names of columns, and from what their first cells hold.

A column is proposed only where the evidence is clear: a name that is usual for the field, cells that can be it, and no
other column that may be it as well. What is not clear is a question.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orbench_studio.domain.core.category import Category
from orbench_studio.formats import class_words, conversations
from orbench_studio.formats.column_evidence import ColumnEvidence, has_responses
from orbench_studio.formats.column_names import (
    ABOUT,
    ADDED,
    JUDGES,
    MODELS,
    REPLY,
    USUAL_NAMES,
    WEAK,
    column_of_turns,
    may_be_prompt,
    may_be_response,
    name_strength,
    names_prompt,
    plain_name,
    words_of,
)
from orbench_studio.formats.mapping import OF_EITHER, ColumnMapping, Field
from orbench_studio.formats.name_columns import CLEAR, is_clear, name_columns
from orbench_studio.formats.nested_paths import plain, within_or_none
from orbench_studio.formats.records import RowError
from orbench_studio.formats.role_doubts import doubts, unclear_label, undecided
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import NestedCell
from orbench_studio.formats.usual_meanings import usual

_OF_RESPONSE = (Field.ANSWER_CLASS, Field.IS_REFUSAL, Field.STOP_REASON, Field.ERROR, Field.SAMPLE)


_MARGIN = 1  # by which the strongest name must exceed every other
_INSIDE = (
    "choices.0.message.content", "choices.0.text", "message.content", "0.message.content", "0.content", "content",
    "text", "prompt", "question", "response", "completion", "output", "generated_text", "answer", "value",
)  # fmt: skip
_CHATS = ("turns", "messages", "conversation", "conversations")
_DEPTH = 3  # levels at which the model's name is looked for
_FEW_MODELS = 10  # rows, from which each with another name is no model
_EXAMPLE = 40  # characters
_FEW = 50  # values, of which the different ones are shown
_CODED: Mapping[Field, str] = {
    **dict.fromkeys((Field.LABEL, Field.VERDICT), "whether the prompt is safe or toxic"),
    **dict.fromkeys((Field.ANSWER_CLASS, Field.IS_REFUSAL), "whether the model refused"),
}
"""Fields of which every value must be known, each with what it says."""


@dataclass(frozen=True, slots=True)
class Question:
    """A field that the file leaves open: the columns that may give it, and what to say about them."""

    field: Field
    columns: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is certain about a table, by field, and what must be asked."""

    columns: Mapping[Field, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    @property
    def mapping(self) -> ColumnMapping | None:
        """The mapping to use: without a prompt while there is a question, None if there is nothing to propose."""
        if not self.columns and not self.questions:
            return None
        is_open = any(asked.field in (Field.PROMPT, Field.RESPONSE) for asked in self.questions)
        return ColumnMapping({k: v for k, v in self.columns.items() if not (is_open and k is Field.PROMPT)})


def other_texts(
    header: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[Field, str], known: Container[str]
) -> list[str]:
    """The columns, of those that a format does not know, that may be the prompt as well as its own column is, or have
    been sent with it, or be the response where it has none.
    """
    return _Proposing(header, rows).rivals(columns, known) if columns.get(Field.PROMPT) in header else []


def propose(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> Proposal:
    """Propose a mapping from common column names and the first rows; nothing if no column looks like the prompt."""
    if not names_prompt(header):
        return Proposal()
    return _Proposing(header, rows).proposal()


class _Proposing:
    """Weighs the columns of one table."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._by_name = {plain_name(name): name for name in reversed(header) if name}
        self._of = {name: ColumnEvidence(name, [row[at] for row in rows]) for at, name in enumerate(header) if name}
        self._has_rows = bool(rows)
        self._name_columns = name_columns(Field.MODEL, header, rows)
        self._columns: dict[Field, str] = {}
        self._questions: list[Question] = []

    def proposal(self) -> Proposal:
        """The proposal: the response and the prompt first, since the other fields depend on them."""
        response = self._text(Field.RESPONSE, None)
        prompt = self._text(Field.PROMPT, response)
        if prompt is None:
            return Proposal()
        for part in USUAL_NAMES:
            if part not in (Field.PROMPT, Field.RESPONSE):
                self._other(part, prompt)
        if Field.SYSTEM not in self._columns and (path := self._nested(Field.SYSTEM)):
            self._columns[Field.SYSTEM] = path
        if response is None:
            alone: tuple[Field, ...] = _OF_RESPONSE if prompt.is_nested else (*_OF_RESPONSE, Field.MODEL)
            self._columns = {part: path for part, path in self._columns.items() if part not in alone}
        elif Field.MODEL not in self._columns and not any(asked.field is Field.MODEL for asked in self._questions):
            self._name_models()
        others = set(self._columns.values()) - {self._columns.get(Field.RESPONSE)}
        if response is not None or any(has_responses(of, is_named=of.name not in others) for of in self._of.values()):
            self._beside_response(response)
        self._without_unread()
        self._ask_about_values()
        self._ask_about_roles()
        self._without_unread()
        columns = {part: self._columns[part] for part in USUAL_NAMES if part in self._columns}
        return Proposal(columns, tuple(self._questions))

    def _without_unread(self) -> None:
        while unread := ColumnMapping(self._columns).unread():
            self._columns = {part: path for part, path in self._columns.items() if part not in unread}

    def _ask_about_values(self) -> None:
        """Leave out the columns of classes that have a value of unknown meaning."""
        for part in [part for part in _CODED if part in self._columns]:
            name = self._columns[part]
            unknown = [value for value in self._of[name].filled if usual(part, value, name) is None]
            if unknown:
                del self._columns[part]
                listed = ", ".join(dict.fromkeys(map(_beginning, unknown[:_FEW])))
                text = f"{name} has {listed}: if it says {_CODED[part]}, map it to {part} and set the meanings"
                self._questions.append(Question(part, (name,), text))

    def _ask_about_roles(self) -> None:
        """Leave out the columns that may have another role."""
        for part, columns, text in (
            *undecided(self._columns, self._of),
            *doubts(ColumnMapping(self._columns), self._of),
            *unclear_label(self._columns),
        ):
            if self._columns.pop(part, None) is not None:
                which = "map that one" if len(columns) > 1 else "map the right column"
                self._questions.append(Question(part, columns, f"{text}: {which} to {part}"))

    def rivals(self, columns: Mapping[Field, str], known: Container[str]) -> list[str]:
        """The names of the columns, not among the known, with what may have been sent, or with the response."""
        prompt = self._of[columns[Field.PROMPT]]
        unknown = [of for name, of in self._of.items() if name not in known]
        found = [of.name for of in unknown if self._is_rival(Field.PROMPT, of, prompt, None)]
        systems = self._usual(Field.SYSTEM) if Field.SYSTEM not in columns else []
        found += [of.name for of in (*self._added(), *systems) if of in unknown and of.filled]
        if Field.RESPONSE not in columns:
            found += [of.name for of in unknown if self._is_rival(Field.RESPONSE, of, None, None)]
        return list(dict.fromkeys(found))

    def _text(self, part: Field, response: ColumnEvidence | None) -> ColumnEvidence | None:
        """Choose the column of the prompt or of the response, or ask which one it is; None if there is none."""
        paths = {of: path for of in self._usual(part) if of is not response and (path := self._path(part, of))}
        varied = [of for of in paths if part is Field.RESPONSE or not of.is_constant]
        unread = [of for of in self._usual(part) if of not in paths and of is not response and of.has_objects]
        chosen = max(varied, key=lambda of: name_strength(part, of.name), default=None)  # the first of equals
        rivals = [of for of in self._of.values() if self._is_rival(part, of, chosen, response)]
        if chosen is None and (part is Field.PROMPT or not rivals):
            if constant := next(iter(paths), None):
                self._ask(part, [constant], f"{constant.name} has the same text in every row")
            return constant
        if chosen is None or rivals:
            verb = "was sent to the model" if part is Field.PROMPT else "is the response"
            listed = ([chosen] if chosen else []) + rivals
            verb = verb if len(listed) > 1 else f"may be the {part}, as its name and its texts say"
            self._ask(part, listed, f"{' or '.join(_shown(listed))} {verb}")
        elif stronger := [of for of in unread if name_strength(part, of.name) > name_strength(part, chosen.name)]:
            self._ask(part, [chosen, *stronger], f"{stronger[0].name} is an object, in which {part} may be")
        elif part is Field.RESPONSE and not self._is_given(chosen):
            self._ask(part, [chosen], f"{_shown([chosen])[0]} may be what a model should answer, not what it did")
        elif part is Field.PROMPT and (added := [of for of in self._added() if of is not chosen]):
            listed = [chosen, *added]
            self._ask(part, listed, f"{' and '.join(_shown(listed))} may have been sent together")
        elif part is Field.PROMPT and (inner := self._rows_inside(chosen, response)):
            text = f"{inner.name} has rows of its own, with prompts or responses, which the row path {inner.name} reads"
            self._ask(part, [chosen], text)
        elif part is Field.PROMPT and (models := self._models_of(chosen, response)):
            self._ask(part, [chosen], f"{models} may name the model that wrote {chosen.name}")
        elif part is Field.PROMPT and self._has_turns():
            self._ask(part, [chosen], f"each row is one turn of a user or of a model, and {chosen.name} has both")
        elif chosen.has_structures("[" if part is Field.RESPONSE else "[{"):  # a model may be asked for an object
            self._ask(
                part, [chosen], f"the texts of {chosen.name} are lists or objects, of which a path may be the {part}"
            )
        elif chosen.has_dialogues:
            self._ask(part, [chosen], f"the texts of {chosen.name} are whole dialogues, or have a chat template")
        else:
            self._columns[part] = paths[chosen]
        return chosen or rivals[0]

    def _is_rival(
        self, part: Field, of: ColumnEvidence, chosen: ColumnEvidence | None, response: ColumnEvidence | None
    ) -> bool:
        """Whether a column may be the prompt, or the response, as well as the chosen one."""
        if of is chosen or of is response or not of.has_sentences or (chosen and not of.differs_from(chosen)):
            return False
        words = words_of(of.name)
        is_named = may_be_prompt(of.name) if part is Field.PROMPT else may_be_response(of.name)
        if part is Field.PROMPT and words & REPLY:
            return False
        if not is_named and part is Field.PROMPT and chosen is not None and not words & ABOUT:
            is_named = not of.is_nested and of.varies(chosen)
        strength = name_strength(part, of.name)
        if part is Field.PROMPT and (of.is_constant or (of.is_sparse and strength > WEAK)):
            return False  # a text that only some prompts have, such as a context, has a weak name
        return is_named and strength >= (name_strength(part, chosen.name) - _MARGIN if chosen else WEAK)

    def _rows_inside(self, *chosen: ColumnEvidence | None) -> ColumnEvidence | None:
        """A column with a list of objects that have what may have been sent, or responses."""
        able = (of for of in self._of.values() if of not in chosen and not words_of(of.name) & ABOUT)
        return next((of for of in able if any(may_be_prompt(n) or may_be_response(n) for n in of.names_inside())), None)

    def _has_turns(self) -> bool:
        """Whether the rows are turns of a user and of a model."""
        at = column_of_turns(list(self._of))
        return at is not None and any(map(conversations.is_of_model, list(self._of.values())[at].filled))

    def _added(self) -> list[ColumnEvidence]:
        """The columns with what may have been sent together with the prompt, such as a suffix."""
        able = (of for of in self._of.values() if words_of(of.name) & ADDED and not words_of(of.name) & (REPLY | ABOUT))
        return [of for of in able if of.filled and not of.is_coded and "assistant" not in words_of(of.name)]

    def _is_given(self, response: ColumnEvidence) -> bool:
        """Whether a model gave the response: its name says so, the table names models or judges, or a text refuses."""
        if not self._has_rows or name_strength(Field.RESPONSE, response.name) > WEAK or response.has_refusals:
            return True
        beside = (Field.MODEL, Field.JUDGE, Field.ANSWER_CLASS, Field.IS_REFUSAL, Field.STOP_REASON)
        return any(map(self._usual, beside)) or self._nested(Field.MODEL) is not None

    def _ask(self, part: Field, columns: Sequence[ColumnEvidence], what: str) -> None:
        which = "map that one" if len(columns) > 1 else "map the right column"
        self._questions.append(Question(part, tuple(of.name for of in columns), f"{what}: {which} to {part}"))

    def _usual(self, part: Field) -> list[ColumnEvidence]:
        return [self._of[self._by_name[name]] for name in USUAL_NAMES[part] if name in self._by_name]

    def _other(self, part: Field, prompt: ColumnEvidence) -> None:
        able = [of for of in self._usual(part) if of.name not in self._columns.values() and self._fits(part, of)]
        if part is Field.CATEGORY:
            able = [of for of in able if not of.splits(prompt)]  # else it is of the response
        if part is Field.SAMPLE and len(able) > 1:
            able = [of for of in able if not of.numbers(prompt)]
        if part is Field.LABEL and not able:
            usual = {name for names in USUAL_NAMES.values() for name in names}
            unusual = (self._of[of] for name, of in self._by_name.items() if name not in usual)
            able = [of for of in unusual if of.has_both_labels and not words_of(of.name) & JUDGES]
            able = able if len(able) == 1 else []
        if not able:
            return
        if part is Field.MODEL and (others := [of for of in able[1:] if of.differs_from(able[0])]):
            self._ask(part, [able[0], *others], f"{' or '.join(_shown([able[0], *others]))} is the model")
        else:
            self._columns[part] = able[0].name

    def _fits(self, part: Field, of: ColumnEvidence) -> bool:
        if part is Field.SEED and (not self._has_rows or all(map(class_words.is_identifier, of.filled))):
            return not self._has_rows and plain_name(of.name) != "seed"
        if not of.filled:
            return not of.cells
        if part is Field.CATEGORY:
            is_of_the_ten = all(cell.strip().lower() in list(Category) for cell in of.filled)
            return is_of_the_ten or not (of.has_classes or of.has_sentences)
        if part in _CODED:
            return of.has_classes or of.names_classes
        is_numbered = all(map(class_words.is_number, of.filled)) or _FEW_MODELS < len(of.filled) == len({*of.filled})
        return part is not Field.MODEL or not (of.has_sentences or is_numbered)

    def _beside_response(self, response: ColumnEvidence | None) -> None:
        """Ask what a label or a verdict judges in a table with texts of a model."""
        for part, of_prompt in OF_EITHER.items():
            name = self._columns.get(part)
            if name is None or "prompt" in words_of(name):
                continue
            del self._columns[part]
            values = self._of[name].filled
            if response and values and all(class_words.answer_class(value) is not None for value in values):
                self._columns.setdefault(Field.ANSWER_CLASS, name)
            elif part is Field.LABEL or Field.MODERATOR in self._columns:
                text = f"{name} may judge the prompt or the response: map it to {of_prompt} or {Field.RESPONSE_VERDICT}"
                self._questions.append(Question(part, (name,), text))

    def _name_models(self) -> None:
        """Choose a column or a path that clearly names the model, though its name is no usual one, or else ask."""
        named = (self._of[name] for name in self._name_columns if name in self._of)
        able = [of for of in named if of.name not in self._columns.values() and self._fits(Field.MODEL, of)]
        clear = [of.name for of in able if words_of(of.name) & CLEAR and not words_of(of.name) & (REPLY - MODELS)]
        if path := clear[0] if len(clear) == 1 and is_clear(Field.MODEL, clear[0]) else self._nested(Field.MODEL):
            self._columns[Field.MODEL] = path
        elif able:
            self._ask(Field.MODEL, able, f"{' or '.join(_shown(able))} may name the model")

    def _models_of(self, prompt: ColumnEvidence, response: ColumnEvidence | None) -> str:
        """The column that may name the models that wrote the prompt's texts, in a table without responses."""
        may_be_written = response is None and name_strength(Field.PROMPT, prompt.name) == WEAK and not prompt.is_nested
        named = (self._of[name] for name in self._name_columns if name in self._of) if may_be_written else ()
        return next((of.name for of in named if of.filled and words_of(of.name) & CLEAR), "")

    def _path(self, part: Field, of: ColumnEvidence) -> str | None:
        """The column, or the path of the text inside it; None if its cells cannot be those of this field."""
        if (self._has_rows and not of.filled) or of.is_coded or (part is Field.PROMPT and of.is_sparse):
            return None
        if part is Field.PROMPT and name_strength(part, of.name) == WEAK and of.has_names:
            return None
        if not of.is_nested:
            return of.name
        values = [nested(cell) if isinstance(cell, NestedCell) else cell for cell in of.filled]
        if 2 * sum(_is_read(part, value) for value in values) > len(values):
            return of.name
        for inside in _CHATS:
            if 2 * sum(conversations.is_conversation(_inside(value, inside)) for value in values) > len(values):
                return f"{of.name}.{inside}"
        for inside in _INSIDE:
            if 2 * sum(_is_text(within_or_none(value, inside.split("."))) for value in values) > len(values):
                return f"{of.name}.{inside}"
        return None

    def _nested(self, part: Field) -> str | None:
        """The path of a field, such as a model's name, inside a nested cell."""
        for name, of in self._of.items():
            if of.cells and isinstance(of.cells[0], NestedCell) and not words_of(name) & JUDGES:
                path = _named(part, nested(of.cells[0]), _DEPTH)
                if path is not None:
                    return f"{name}.{path}"
        return None


def _shown(columns: Sequence[ColumnEvidence]) -> list[str]:
    """Columns, each with the beginning of its text in the first row where they differ, else of its first text."""
    rows = [[_beginning(text) for text in row] for row in zip(*(of.texts for of in columns), strict=True)]
    example = next((row for row in rows if all(row) and len({*row}) == len(row)), None)
    texts = example or [next(filter(None, map(_beginning, of.texts)), "") for of in columns]
    return [f"{of.name} (“{text}”)" if text else of.name for of, text in zip(columns, texts, strict=True)]


def _beginning(text: str) -> str:
    """The first characters of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= _EXAMPLE else f"{line[:_EXAMPLE]}…"


def _is_read(part: Field, value: Any) -> bool:
    try:
        if part is Field.RESPONSE:
            conversations.samples(value)
        elif conversations.read(value) is None:
            plain(value, "prompt")
    except RowError:
        return False
    return True


def _inside(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_text(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return bool(texts) and all(isinstance(text, str) for text in texts)


def _named(part: Field, value: Any, depth: int) -> str | None:
    if not isinstance(value, dict) or not depth:
        return None
    for name, inner in value.items():
        if plain_name(name) in USUAL_NAMES[part] and isinstance(inner, str) and inner:
            return str(name)
    for name, inner in value.items():
        if not words_of(name) & JUDGES and (path := _named(part, inner, depth - 1)) is not None:
            return f"{name}.{path}"
    return None
