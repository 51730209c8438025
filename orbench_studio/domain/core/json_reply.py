"""Prompt templates and JSON replies of models: placeholders, case numbers, and the objects in a reply.

A prompt may itself contain a JSON answer. So every request has a case number that the texts in it cannot contain, and
an object in the reply that repeats the number takes precedence.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from orbench_studio.domain.core.prompt import text_identity

_CASE_LENGTH = 12
_OPENING = re.compile(r"[\[{]")
_OBJECT = re.compile(r"\{")


def template_hash(template: str) -> str:
    """SHA-256 of a template in hexadecimal, as stored with results."""
    return sha256(template.encode("utf-8")).hexdigest()


def missing_placeholders(template: str, placeholders: tuple[str, ...]) -> list[str]:
    return [name for name in placeholders if "{" + name + "}" not in template]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill the placeholders in one pass: placeholders inside of a value stay as they are."""
    placeholder = re.compile("|".join(re.escape("{" + name + "}") for name in values))
    return placeholder.sub(lambda found: values[found[0][1:-1]], template)


def case_of(*texts: str) -> str:
    """The case number: a hash of all texts, so none of them can contain it."""
    return text_identity("case", *texts).hex()[:_CASE_LENGTH]


def json_values(reply: str, opening: re.Pattern[str] = _OPENING) -> Iterator[Any]:
    """Every outermost JSON list and object in a reply, with any text around them."""
    decoder = json.JSONDecoder()
    begin = opening.search(reply)
    while begin is not None:
        end = begin.start() + 1
        try:
            value, end = decoder.raw_decode(reply, begin.start())
            yield value
        except ValueError:
            pass
        except RecursionError:
            return  # too deep to be an answer
        begin = opening.search(reply, end)


def objects(reply: str, key: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in the reply that has the key."""
    for value in json_values(reply, _OBJECT):
        if isinstance(value, dict) and key in value:
            yield value


def answer_objects(reply: str, key: str, case: str, material: str) -> list[dict[str, Any]]:
    """The objects that are the model's answer: those with the case number, else those not copied from the material.

    An object with another case number is not an answer to this request.
    """
    found = list(objects(reply, key))
    named = [one for one in found if one.get("case") == case]
    if named or not found:
        return named
    copied = list(objects(material, key))
    return [one for one in found if "case" not in one and one not in copied]
