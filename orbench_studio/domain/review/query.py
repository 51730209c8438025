"""The query language: filters of the queue as text that people type, save and send each other.

`category:privacy refused:>=3 -status:decided "spare key" sort:refusals`: words and quoted phrases occur in the prompt,
`field:value` is a condition, commas give alternatives, a minus excludes, `sort:` gives the order. Every text that
`write` gives is read back by `parse` as the filter it came from.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.category import Category, typed_category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Verdict, Veto
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.review.queue import Agreement, Field, Order, QueueFilter, Status, Term
from orbench_studio.errors import StudioError

NONE = "none"
SPLIT, UNANIMOUS, UNREAD = "split", "unanimous", "unread"
DIFFER, CONTRADICTED = "differ", "contradicted"
FLAG, NOTE, SEED, DUPLICATES = "flag", "note", "seed", "duplicates"

VALUES: dict[Field, tuple[str, ...]] = {
    Field.STATUS: tuple(Status),
    Field.CATEGORY: (*Category, NONE),
    Field.CONSENSUS: tuple(Agreement),
    Field.LABEL: (*Label, NONE),
    Field.BASIS: (Basis.HUMAN, Basis.DISPUTED, Basis.CONSENSUS, Basis.REFERENCE, Basis.NONE),
    Field.VETO: tuple(Veto),
    Field.CLASS: (*AnswerClass, NONE),
    Field.JUDGES: (DIFFER, CONTRADICTED),
    Field.MARK: (FLAG, NOTE, SEED, DUPLICATES),
    Field.ORIGIN: tuple(Origin),
}
_SHORT = {
    "reviewed": (Field.STATUS, Status.DECIDED),
    "skipped": (Field.STATUS, Status.SKIPPED),
    "disputed": (Field.STATUS, Status.DISPUTED),
    "flagged": (Field.MARK, FLAG),
    "noted": (Field.MARK, NOTE),
    "vetoed": (Field.VETO, Veto.OVERRULED),
    "split": (Field.VOTES, SPLIT),
    "duplicates": (Field.MARK, DUPLICATES),
}
_WHOLE = (Field.TEXT, Field.NOTE, Field.RESPONSE)  # a comma in these is a comma
SORT = "sort"
_TALLY = re.compile(r"\d{1,3}-\d{1,3}")
_BATCH = re.compile(r"[0-9]{1,15}(=.+)?", re.DOTALL)
_COUNT = re.compile(r"(>=|<=|>|<|=)?(\d{1,6})")
_NUMBER = re.compile(r"[0-9]{1,15}")
_IDS = re.compile(r"\d{1,15}(-\d{1,15})?")
_VOTED = re.compile(rf"(.+)=({'|'.join(Verdict)})", re.DOTALL)
_QUOTED = r'"(?:[^"\\]|\\.)*"?'
_TOKEN = re.compile(rf"(?P<minus>-)?(?:(?P<name>[A-Za-z]+):)?(?P<value>(?:{_QUOTED}|[^\s\"])*)", re.DOTALL)
_PART = re.compile(rf"{_QUOTED}|[^,\"]+|,", re.DOTALL)


class QueryError(StudioError, ValueError):
    """An invalid query, with a message for its author."""


def parse(text: str) -> QueueFilter:
    """Parse a query; a QueryError names the part that is invalid."""
    terms: list[Term] = []
    order, seed = Order.IMPORTED, 0
    for minus, name, value in _tokens(text):
        if name == SORT:
            order, seed = _order(value)
        elif name is None and value in _SHORT:
            field, short = _SHORT[value]
            terms.append(Term(field, (short,), minus))
        elif name is None:
            terms += [Term(Field.TEXT, (word,), minus) for word in [_unquoted(value)] if word.strip()]
        else:
            terms.append(_term(name, value, negated=minus))
    return QueueFilter(tuple(terms), order, seed)


def write(wanted: QueueFilter) -> str:
    parts = [write_term(term) for term in wanted.terms]
    if wanted.order is Order.RANDOM:
        parts.append(f"{SORT}:{wanted.order}:{wanted.seed}")
    elif wanted.order is not Order.IMPORTED:
        parts.append(f"{SORT}:{wanted.order}")
    return " ".join(parts)


def write_term(term: Term) -> str:
    values = ",".join(map(_quoted, term.values))
    name = "" if term.field is Field.TEXT else f"{term.field}:"
    if not name and (term.values[0] in _SHORT or values.startswith("-")):
        values = f'"{values}"'
    return f"{'-' if term.negated else ''}{name}{values}"


def count_of(value: str) -> tuple[str, int] | None:
    """The comparison and number of a value like `>=3` (a bare number means equal), or None."""
    found = _COUNT.fullmatch(value)
    return (found[1] or "=", int(found[2])) if found else None


def model_of(wanted: QueueFilter) -> str:
    """The model whose responses a filter is about; empty without one, or with several."""
    named = [wanted.model]
    for term in wanted.all_on(Field.REFUSED):
        named += [value for value in term.values if not term.negated and count_of(value) is None]
    for term in wanted.all_on(Field.BATCH):
        named += [value.partition("=")[2] for value in term.values if not term.negated]
    models = set(filter(None, named))
    return models.pop() if len(models) == 1 else ""


def _tokens(text: str) -> Iterator[tuple[bool, str | None, str]]:
    for match in _TOKEN.finditer(text):
        minus, name, value = match["minus"], match["name"], match["value"]
        if name and not value:
            raise QueryError(f"Type a value after “{match[0]}”.")
        if match[0] == "-":
            yield False, None, "-"
        elif match[0]:
            yield bool(minus), name.lower() if name else None, value


def _order(value: str) -> tuple[Order, int]:
    name, _, seed = value.partition(":")
    if name not in tuple(Order) or (seed and (name != Order.RANDOM or not seed.isdecimal() or len(seed) > 9)):
        raise QueryError(
            f"“sort:{value}” is not an order. Use one of {_listed(Order)}; random can have a number: random:7."
        )
    return Order(name), int(seed or 0)


def _term(name: str, value: str, *, negated: bool) -> Term:
    if name not in tuple(Field):
        near = get_close_matches(name, [*Field, SORT], 1)
        advice = f"Did you mean “{near[0]}:”?" if near else f"Use one of {_listed([*Field, SORT])}."
        raise QueryError(f"“{name}:” is not a condition. {advice} To search for these words, put them in quotes.")
    field = Field(name)
    parts = [_unquoted(value)] if field in _WHOLE else [_unquoted(part) for part in _alternatives(value)]
    values = tuple(_checked(field, part) for part in parts if part)
    if not values:
        raise QueryError(f"Type a value after “{name}:”.")
    return Term(field, tuple(dict.fromkeys(values)), negated)


def _alternatives(value: str) -> Iterator[str]:
    part = ""
    for piece in _PART.findall(value):
        if piece == ",":
            yield part
            part = ""
        else:
            part += piece
    yield part


def _checked(field: Field, value: str) -> str:
    """The value as stored in the data; QueryError if the field cannot have it."""
    if field is Field.CATEGORY and value.lower() != NONE:
        try:
            return typed_category(value)
        except ValueError as error:
            raise QueryError(f"{error}") from None
    if field in VALUES:
        if value.lower() not in VALUES[field]:
            raise QueryError(f"“{value}” is not a valid {field}. Use one of {_listed(VALUES[field])}.")
        return value.lower()
    fits: dict[Field, Callable[[], object]] = {
        Field.VOTES: lambda: value in (SPLIT, UNANIMOUS, UNREAD, NONE) or _TALLY.fullmatch(value),
        Field.FAMILIES: lambda: count_of(value),
        Field.REFUSED: lambda: value[0] not in "<>=" or count_of(value),
        Field.BATCH: lambda: _BATCH.fullmatch(value),
        Field.GROUP: lambda: _NUMBER.fullmatch(value),
        Field.SEED: lambda: _NUMBER.fullmatch(value),
        Field.ID: lambda: _IDS.fullmatch(value),
        Field.VOTED: lambda: _VOTED.fullmatch(value),
    }
    if field in fits and not fits[field]():
        raise QueryError(f"“{value}” is not a value for “{field}:”. {_EXAMPLES[field]}")
    return value


_EXAMPLES = {
    Field.VOTES: "Use split, unanimous, unread, none, or the numbers of safe and toxic votes: votes:2-1.",
    Field.REFUSED: "Use the number of refusing models, refused:>=2, or the name of a model.",
    Field.FAMILIES: "Use the number of refusing model families: families:>=3.",
    Field.BATCH: "Use a batch number: batch:3 finds its prompts with a response, batch:3=MODEL those of one model.",
    Field.GROUP: "Use the number of a group of near duplicates, which is the number of its first prompt: group:17.",
    Field.SEED: "Use a seed number: seed:3 finds the prompts rewritten from it.",
    Field.ID: "Use a prompt number or a range: id:17 or id:100-199.",
    Field.VOTED: "Use a moderator and a verdict: voted:gpt-4=toxic.",
}


def _unquoted(value: str) -> str:
    """The value without its quotes and backslashes; a quote left open ends with the text."""
    pieces = re.findall(rf"{_QUOTED}|[^\"]+", value, re.DOTALL)
    return "".join(_inner(piece) if piece.startswith('"') else piece for piece in pieces)


def _inner(quoted: str) -> str:
    closed = re.fullmatch(r'"(?:[^"\\]|\\.)*"', quoted, re.DOTALL)
    return re.sub(r"\\(.)", r"\1", quoted[1:-1] if closed else quoted[1:], flags=re.DOTALL)


def _quoted(value: str) -> str:
    if re.fullmatch(r'[^\s",:\\]+', value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(str, names))
