"""The values of mapped columns, how often each occurs, and what each became."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS
from orbench_studio.errors import DAMAGE, shortened
from orbench_studio.formats import class_words
from orbench_studio.formats.nested_paths import Get, Parsed, getter, lenient
from orbench_studio.formats.records import ResponseDraft, RowError
from orbench_studio.formats.row_guard import of_python
from orbench_studio.formats.tables import Cells

_USER = re.compile(
    r"(?:^|\n)\W*(?:human|user|nutzer|benutzer|usuario|utilisateur|utente|用户|用戶)\b[^:\uff1a\n]{0,20}[:\uff1a]",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"\n\W*(?:ai |virtual )?(?:assistant|ai|bot|chatbot|model|agent|assistent|asistente|assistente|助手)\b"
    r"[^:\uff1a\n]{0,20}[:\uff1a]",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\W*(?:q|question|frage)\d*\s?:", re.IGNORECASE)
_ANSWER = re.compile(r"\n[^\w\n]*(?:a|answer|antwort)\d*\s?:", re.IGNORECASE)
_ASKS_ON = re.compile(
    r"\s*(?:let['’]?s think|[\[<({_]|\Z)|.*\n[^\w\n]*(?:b|q|question|frage)\d*\s?[:.)]", re.IGNORECASE | re.DOTALL
)
"""What follows the last mark of an answer in a prompt: nothing, a place for it, another choice or another question."""
_MARK = re.compile(
    r"<\|(?:im_start|start_header_id|user|assistant|system|prompter)\|?>|\[/?INST\]|<</?SYS>>|<start_of_turn>"
    r"|<\uff5c(?:User|Assistant)\uff5c>"
)
"""Marks in the templates of chat models."""
_BETWEEN = (
    ("USER:", re.compile(r"\bUSER: "), re.compile(r"\bASSISTANT:")),
    (
        "##",
        re.compile(r"##+ ?(?:Instruction|Human|User|Input|Question)\b"),
        re.compile(r"##+ ?(?:Response|Assistant|Output|Answer)\b"),
    ),
)
"""What stands before and after the user's text in templates without such marks, after a part that is searched first."""
LISTED = 500  # distinct values counted one by one, for each column
UNPARSED, REJECTED, NOT_READ = "unparsed", "rejected", "not read"
ROW_REJECTED = "in a rejected row"  # of a known meaning
SHOWN = 80  # characters of a value
MORE, EMPTY, NO_CATEGORY = "(other values)", "(empty)", "no category"
_CUT, _CUT_TEXTS, _CUT_LENGTH = 5, 2, 50  # rows and distinct texts of one length, of so many characters or more
_ENDS = tuple(".?!\"')]}”’。？！؟")  # of sentences and of code
_OMITTED = ("...", "…")
_SHORTENED = 0.3  # share of texts that end so, from which they are shortened
_NAMES = 1_000  # distinct names of a column counted one by one,
_NAMED = 5  # and named
_LONGEST_NAME = 200  # characters
_ECHO = 30  # characters of a prompt that a response does not contain by chance
_ROWS, _DISTINCT, _LONGEST_REFUSAL = 20, 10_000, 300  # rows and different responses of a model, characters
REFUSAL = re.compile(r"\b(?:i['’]?m (?:so |very )?sorry|i am sorry|i can(?:no|['’])?t|as an ai|i apologi)", re.I)
_OPENING = 100  # characters of a response in which a refusal begins
_PARSED = 100_000  # characters of a text that may be a list


@dataclass(slots=True)
class ColumnTally:
    """One column: the field it gives, and its values with what they became.

    `texts` counts the texts of a column of free texts, `nested_texts` those that are a list or an object, `identifiers`
    those that are only a number, a letter or an identifier, `empty` those that have nothing, `errors` those that are an
    error of an API, `echoes` those that are or contain their prompt, `dialogues` those with the turns of a user and
    a model, and `of_longest` those that are as long as the longest. `stated` has the meanings that the user or
    the format states, `not_stored` counts the values that no record has, by the reason.
    """

    field: str
    column: str
    values: Counter[tuple[str, str]] = dataclass_field(default_factory=Counter)
    texts: int = 0
    nested_texts: int = 0
    identifiers: int = 0
    empty: int = 0
    errors: int = 0
    echoes: int = 0
    dialogues: int = 0
    longest: int = 0
    of_longest: int = 0
    shortened: int = 0
    stated: dict[str, str] = dataclass_field(default_factory=dict)
    not_stored: Counter[str] = dataclass_field(default_factory=Counter)
    _whole_longest: int = 0  # those that end a sentence
    _longest_texts: set[int] = dataclass_field(default_factory=set)  # hashes, of a few

    @property
    def total(self) -> int:
        return self.values.total()

    @property
    def filled(self) -> int:
        """The number of values and of texts that are not empty."""
        return self.total + self.texts - (self.empty if self.texts else 0)

    def became(self, outcome: str) -> int:
        return sum(count for (_, became), count in self.values.items() if became == outcome)

    @property
    def is_cut(self) -> bool:
        """Whether several texts end at the same length, as where a program stores only the beginnings."""
        is_one_length = self.longest >= _CUT_LENGTH and len(self._longest_texts) == _CUT_TEXTS
        return is_one_length and self.of_longest >= _CUT and 2 * self._whole_longest < self.of_longest

    @property
    def are_shortened(self) -> bool:
        """Whether many long texts end with the mark of an omission."""
        return self.shortened >= _CUT and self.shortened > _SHORTENED * self.texts

    def is_ignored(self, value: str) -> bool:
        """Whether a value is to be ignored, as its meaning is empty."""
        return self.stated.get(class_words.word(value)) == ""

    def has_stated(self, value: str) -> bool:
        """Whether the meaning of a value was stated."""
        return class_words.word(value) in self.stated

    def has_value(self, value: str) -> bool:
        return class_words.word(value) in {class_words.word(counted) for counted, _ in self.values}

    def codes(self) -> tuple[list[str], list[str]]:
        """The numbers that were read without a stated meaning, and those that were rejected."""
        bare = [found for found in self.values if class_words.is_number(found[0]) and not self.has_stated(found[0])]
        rejected = [value for value, became in bare if became == REJECTED]
        return [value for value, became in bare if became not in (REJECTED, ROW_REJECTED, UNPARSED, NOT_READ)], rejected

    def add(self, value: str, became: str) -> None:
        key = (value[:SHOWN], became)
        if key not in self.values and len(self.values) >= LISTED and class_words.word(value) not in class_words.TRUTH:
            key = (MORE, MORE if became == value else became)
        self.values[key] += 1

    def add_empty(self) -> None:
        """Count a row without a value."""
        self.empty += 1

    def add_text(self, text: str, is_turn: bool = False) -> None:
        """Count a text. One that is a turn of a conversation is no whole dialogue, whatever it quotes."""
        self.texts += 1
        self.nested_texts += is_nested(text)
        self.identifiers += class_words.is_identifier(text) or len(text.strip()) == 1
        self.empty += not text
        self.dialogues += not is_turn and is_dialogue(text)
        self.shortened += len(text) >= _CUT_LENGTH and text.rstrip().endswith(_OMITTED)
        if len(text) > self.longest:
            self.longest, self.of_longest, self._whole_longest = len(text), 0, 0
            self._longest_texts.clear()
        if len(text) == self.longest:
            self.of_longest += 1
            self._whole_longest += text.endswith(_ENDS) and not text.endswith(_OMITTED)
            if len(self._longest_texts) < _CUT_TEXTS:
                self._longest_texts.add(hash(text))

    def add_response(self, text: str, prompt: str, is_error: bool) -> None:
        self.add_text(text)
        self.errors += is_error
        self.echoes += text == prompt or (len(prompt) >= _ECHO and prompt in text)


def is_nested(text: str) -> bool:
    """Whether a text is a list or an object, as JSON or as Python prints it."""
    if text[:1] not in ("[", "{"):
        return False
    with suppress(*DAMAGE, RecursionError):
        return isinstance(json.loads(text[:_PARSED]), list | dict)
    with suppress(RowError):
        return of_python(text[:_PARSED]) is not None
    return True


def is_dialogue(text: str) -> bool:
    """Whether a text has the turns of a user and of a model, each after its role, or the template of a chat."""
    if "\n" in text and _USER.search(text) is not None and _MODEL.search(text) is not None:
        return True
    if _is_answered(text):
        return True
    if ("<" in text or "[" in text) and _MARK.search(text) is not None:
        return True
    begins = ((before.search(text), after) for part, before, after in _BETWEEN if part in text)
    return any(begin is not None and after.search(text, begin.end()) is not None for begin, after in begins)


def _is_answered(text: str) -> bool:
    """Whether a text is a question and its answer, each after its mark, and no prompt with examples."""
    asked = _QUESTION.match(text)
    answers = list(_ANSWER.finditer(text, asked.end())) if asked else []
    return bool(answers) and _ASKS_ON.match(text, answers[-1].end()) is None


class UnreadNames:
    """Counts the names in columns that are not mapped, in rows that get one name of the user or the format instead."""

    def __init__(self, part: str, header: Sequence[str], paths: Sequence[str]) -> None:
        self.part = part
        self._gets: list[tuple[str, Get]] = [(path, lenient(getter(header, path, Parsed()))) for path in paths]
        self._names: dict[str, Counter[str]] = {path: Counter() for path in paths}
        self.instead = ""

    def add(self, name: str, cells: Cells) -> None:
        self.instead = name
        for path, get in self._gets:
            stated, names = get(cells), self._names[path]
            if (
                isinstance(stated, str)
                and 0 < len(stated) <= _LONGEST_NAME
                and (stated in names or len(names) < _NAMES)
            ):
                names[stated] += 1

    def warnings(self) -> Iterator[str]:
        """What to say about each column with several names."""
        for path, names in self._names.items():
            is_key = len(names) == names.total() > _ROWS  # each row has another one
            if len(names) > 1 and not is_key:
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                listed = ", ".join(f"{shortened(name)} {count:,}" for name, count in names.most_common(_NAMED))
                text = (
                    f"{self.instead} is stored as the {self.part} of {names.total():,} rows, in which {path} has other"
                )
                yield f"{text} values: {listed}{more}. If they name the {self.part}, map {path} to {self.part}."


class RepeatedResponses:
    """Finds the models that have one response in most rows.

    Of the different responses of a model, 10,000 are counted one by one. Then those that occurred once are forgotten.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[int]] = {}
        self._rows = Counter[str]()
        self._texts: dict[int, str] = {}  # of the repeated ones, by hash

    def add(self, model: str, text: str) -> None:
        counts, key = self._counts.setdefault(model, Counter()), hash(text)
        if key in counts:
            self._texts.setdefault(key, text[:_PARSED])
        elif len(counts) >= _DISTINCT:
            self._counts[model] = counts = Counter({key: count for key, count in counts.items() if count > 1})
        counts[key] += 1
        self._rows[model] += 1

    def warnings(self) -> Iterator[str]:
        """What to say about each such model, unless its response is a short refusal, as some models always give."""
        for model, counts in self._counts.items():
            [(key, count)] = counts.most_common(1)
            rows, text = self._rows[model], self._texts.get(key, "")
            is_refusal = REFUSAL.search(text[:_LONGEST_REFUSAL]) is not None and len(text) <= _LONGEST_REFUSAL
            if rows >= _ROWS and 2 * count > rows and text and not is_refusal:
                yield f"{model} has the same response in {count:,} of {rows:,} rows: “{shortened(text[:SHOWN])}”."


class ClassedOpenings:
    """Counts how many responses of each class begin like a refusal, in English, to find classes read in reverse."""

    def __init__(self) -> None:
        self._responses = Counter[bool]()  # by whether the class is a refusal
        self._refusing = Counter[bool]()

    def add(self, response: ResponseDraft) -> None:
        classes = {response.reference_class, *(judgement.answer_class for judgement in response.judgements)}
        begins_refusing = None
        for is_refusal in {found in REFUSALS for found in classes if found in ANSWERS}:
            if begins_refusing is None:
                begins_refusing = REFUSAL.search(response.text[:_OPENING]) is not None
            self._responses[is_refusal] += 1
            self._refusing[is_refusal] += begins_refusing

    def warnings(self) -> Iterator[str]:
        refusals, answers = self._responses[True], self._responses[False]
        of_refusals, of_answers = self._refusing[True], self._refusing[False]
        is_rare = 2 * of_refusals < refusals or (not refusals and 2 * of_answers > answers)
        if is_rare and of_answers > of_refusals and of_answers * refusals >= of_refusals * answers:
            text = f"{of_answers:,} of {answers:,} responses read as answers begin like a refusal"
            text = f"{text}, and {of_refusals:,} of {refusals:,} read as refusals"
            yield f"The classes may be the other way round: {text}. Check what each value means."


class Tally:
    """The columns of a file in the order of their use, and what else there is to say about the file.

    `doubts` are warnings that concern the whole file. `not_read` counts the values of columns with parts of what was
    sent to a model that are not read, `undecided` the states of rows whose label or class may not count, `unread_turns`
    the turns after the user's last one that are not the reply, by their roles, `unread_names` the names in columns that
    are not mapped, by field. `unread_parts` has the paths inside mapped columns that are not read.
    """

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], ColumnTally] = {}
        self.notes: Counter[str] = Counter()
        self.doubts: list[str] = []
        self.not_read: Counter[str] = Counter()
        self.undecided: Counter[str] = Counter()
        self.unread_turns: Counter[str] = Counter()
        self.unread_names: dict[str, UnreadNames] = {}
        self.unread_parts: dict[str, None] = {}
        self.repeats = RepeatedResponses()
        self.openings = ClassedOpenings()

    def column(self, field: str, column: str) -> ColumnTally:
        return self._columns.setdefault((field, column), ColumnTally(field, column))

    @property
    def empty_columns(self) -> list[ColumnTally]:
        unvalued = (column for column in self._columns.values() if not column.values)
        return [column for column in unvalued if column.texts in (0, column.empty)]

    @property
    def columns(self) -> list[ColumnTally]:
        return [column for column in self._columns.values() if column.values or column.texts]
