"""A recipe for a subset: which prompts qualify, how many, how diverse, and which are preferred. Written in TOML.

seed = 1                        # decides between prompts that are otherwise equal

[qualify]
label = "safe"                  # safe, toxic or controversial
by = "human"                    # whose label: human, consensus or any
p_safe = 0.9                    # safe at least so probably, by everybody's votes (Dawid and Skene)
filter = "-has:flag"            # more, as in the queue: categories, sources, flags, notes, subsets

[refused]
families = 2                    # at least so many model families refuse
of = ["gpt", "claude"]          # of these; all where it is left out
judgement = "counts"            # what counts in the end, or "human", or the name of a judge

[size]
prompts = 1000                  # all that qualify where it is left out
categories = "equal"            # or "proportional", or so many each: { privacy = 100, illegal = 300 }
short = "fewer"                 # a category falls short: stop, fewer, or fill from others

[diversity]
per_seed = 2                    # at most so many of the rewrites of one seed
per_group = 1                   # and of one group of near duplicates

[prefer]
order = ["human", "families"]   # labels by people first, then what most families refuse
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from typing import Any

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import parse_category
from orbench_studio.domain.review.query import NONE, QueryError, parse
from orbench_studio.domain.review.queue import Order, Term
from orbench_studio.errors import explained, shortened


class By(StrEnum):
    """Whose label makes a prompt qualify."""

    HUMAN = "human"
    CONSENSUS = "consensus"
    ANY = "any"


class Spread(StrEnum):
    """How the places are dealt out to the categories where they are not given one by one."""

    EQUAL = "equal"
    PROPORTIONAL = "proportional"


class Short(StrEnum):
    """What happens where there are fewer prompts than places."""

    STOP = "stop"
    FEWER = "fewer"
    FILL = "fill"


class Preference(StrEnum):
    """What is taken first."""

    HUMAN = "human"
    FAMILIES = "families"


_LONGEST = 200_000
# A key of many parts takes a time that grows with their square.
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){30}""")
COUNTS, PEOPLE = "counts", "human"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a text in TOML asks for; `text` is that text to the letter.

    `spread` is None where categories have no quota, `given` the places of each where they are given one by one.
    """

    text: str
    seed: int = 0
    label: Label = Label.SAFE
    by: By = By.ANY
    p_safe: float | None = None
    terms: tuple[Term, ...] = ()
    families: int = 0
    of: tuple[str, ...] = ()
    judgement: str = COUNTS
    prompts: int | None = None
    spread: Spread | None = None
    given: Mapping[str, int] | None = None
    short: Short = Short.FEWER
    per_seed: int | None = None
    per_group: int | None = None
    order: tuple[Preference, ...] = (Preference.HUMAN, Preference.FAMILIES)


class RecipeError(ValueError):
    """A text that is no recipe: what is wrong and in which line (from 1; 0 where that cannot be told)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line = line


def read_recipe(text: str) -> Recipe:
    """The recipe that a text in TOML asks for; a RecipeError says what cannot be understood, and where."""
    if len(text) > _LONGEST or _LONG_KEY.search(text):
        raise RecipeError("this is no recipe: it is too long or nested too deeply.")
    with explained(partial(_unreadable, text)):
        document = tomllib.loads(text)
        str(document)  # what is nested too deeply could not be shown in a message either
    found: dict[str, Any] = {}
    for section, content in document.items():
        if section in _TOP:
            found[section] = _value(text, "", section, _TOP[section], content)
        elif section not in _KEYS:
            raise RecipeError(_unknown(section, [*_KEYS, *_TOP]), _line(text, "", section))
        elif not isinstance(content, dict):
            message = f"[{section}] is a section: it has {', '.join(_KEYS[section])}."
            raise RecipeError(message, _line(text, "", section))
        else:
            found |= _section(text, section, content)
    return _consistent(Recipe(text, **found))


def _section(text: str, section: str, content: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in content.items():
        if key not in _KEYS[section]:
            raise RecipeError(f"[{section}] {_unknown(key, _KEYS[section])}", _line(text, section, key))
        name, reader = _KEYS[section][key]
        found[name] = _value(text, section, key, reader, value)
    if isinstance(found.get("spread"), dict):
        found["given"] = found.pop("spread")
    return found


def _value(text: str, section: str, key: str, reader: Callable[[Any], Any], value: Any) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        named = f"[{section}] {key}" if section else key
        raise RecipeError(f"{named}: {error}", _line(text, section, key)) from error


def _consistent(recipe: Recipe) -> Recipe:
    text = recipe.text
    if recipe.of and not recipe.families:
        raise RecipeError(
            "[refused] of names families, but families does not say how many.", _line(text, "refused", "of")
        )
    if recipe.of and recipe.families > len(recipe.of):
        message = f"{recipe.families} families cannot refuse where of names {len(recipe.of)}."
        raise RecipeError(f"[refused] families: {message}", _line(text, "refused", "families"))
    if recipe.spread and recipe.prompts is None:
        message = f"categories is {recipe.spread}, but prompts does not say of how many."
        raise RecipeError(f"[size] {message}", _line(text, "size", "categories"))
    if recipe.given is None:
        return recipe
    total = sum(recipe.given.values())
    if recipe.prompts not in (None, total):
        message = f"the categories make {total:,} prompts, not {recipe.prompts:,}. Leave prompts out."
        raise RecipeError(f"[size] {message}", _line(text, "size", "prompts"))
    return replace(recipe, prompts=total)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"a whole number from 1 on is wanted, not {_shown(value)}.")
    return value


def _seed(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError(f"a whole number from 0 on is wanted, not {_shown(value)}.")
    return value


def _probability(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"a number between 0 and 1 is wanted, not {_shown(value)}.")
    return float(value)


def _one_of(kind: type[StrEnum]) -> Callable[[Any], Any]:
    def read(value: Any) -> StrEnum:
        if value not in tuple(kind):
            raise ValueError(f"{_shown(value)} is none of {', '.join(kind)}.")
        return kind(value)

    return read


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"a word in quotes is wanted, not {_shown(value)}.")
    return value.strip()


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f'a list of words is wanted, ["gpt", "claude"], not {_shown(value)}.')
    return tuple(dict.fromkeys(_word(one).lower() for one in value))


def _order(value: Any) -> tuple[Preference, ...]:
    if not isinstance(value, list):
        raise ValueError(f"a list is wanted, {_shown(list(Preference))}, not {_shown(value)}.")
    return tuple(dict.fromkeys(_one_of(Preference)(one) for one in value))


def _terms(value: Any) -> tuple[Term, ...]:
    if not isinstance(value, str):
        raise ValueError(f"a text in quotes is wanted, as in the queue, not {_shown(value)}.")
    try:
        wanted = parse(value)
    except QueryError as error:
        raise ValueError(str(error)) from error
    if wanted.order is not Order.IMPORTED:
        raise ValueError("a recipe has its own order: leave “sort:” out.")
    return wanted.terms


def _categories(value: Any) -> Spread | dict[str, int]:
    if not isinstance(value, dict):
        spread: Spread = _one_of(Spread)(value)
        return spread
    found = {}
    for name, count in value.items():
        category = NONE if name == NONE else parse_category(name)
        if category is None:
            raise ValueError(f"there is no category {_shown(name)}.")
        found[str(category)] = _count(count)
    if not found:
        raise ValueError("no category is given.")
    return found


_TOP: dict[str, Callable[[Any], Any]] = {"seed": _seed}
_KEYS: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "qualify": {
        "label": ("label", _one_of(Label)),
        "by": ("by", _one_of(By)),
        "p_safe": ("p_safe", _probability),
        "filter": ("terms", _terms),
    },
    "refused": {"families": ("families", _count), "of": ("of", _words), "judgement": ("judgement", _word)},
    "size": {"prompts": ("prompts", _count), "categories": ("spread", _categories), "short": ("short", _one_of(Short))},
    "diversity": {"per_seed": ("per_seed", _count), "per_group": ("per_group", _count)},
    "prefer": {"order": ("order", _order)},
}


def _unknown(name: str, known: Any) -> str:
    near = get_close_matches(name, known, 1)
    return f"“{shortened(name)}” is unknown. " + (
        f"Did you mean “{near[0]}”?" if near else f"There are {', '.join(known)}."
    )


def _shown(value: Any) -> str:
    return f"“{shortened(value)}”" if isinstance(value, str) else shortened(f"{value}")


def _unreadable(text: str, reason: str) -> RecipeError:
    message, _, place = reason.partition(" (at ")
    line = re.match(r"line (\d+)", place)
    return RecipeError(f"this is not TOML: {message}.", int(line[1]) if line else text.count("\n") + 1)


def _line(text: str, section: str, key: str) -> int:
    """The line (from 1) in which a key or a section is written, as far as that can be told."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            current = header[1]
            if (not section and current == key) or current == f"{section}.{key}":
                return number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return 0
