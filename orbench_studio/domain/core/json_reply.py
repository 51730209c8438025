"""What is the same wherever a model is put a text and answers with JSON: markers, cases, and the objects in a reply.

A text that is put to a model may hold anything, a finished answer too. So every one has a case, a number that only
whoever was sent it can know, and an object that names it counts before any other.
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
    """What a result keeps of the wording it was made with: SHA-256, in hexadecimal."""
    return sha256(template.encode("utf-8")).hexdigest()


def missing_markers(template: str, markers: tuple[str, ...]) -> list[str]:
    """The markers that a template lacks; it could not be worked with."""
    return [name for name in markers if "{" + name + "}" not in template]


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its markers filled in, in one go: what a text says of markers stays what it says."""
    marker = re.compile("|".join(re.escape("{" + name + "}") for name in values))
    return marker.sub(lambda found: values[found[0][1:-1]], template)


def case_of(*texts: str) -> str:
    """A number that none of the texts can name: it follows from all of them."""
    return text_identity("case", *texts).hex()[:_CASE_LENGTH]


def json_values(reply: str, opening: re.Pattern[str] = _OPENING) -> Iterator[Any]:
    """Every JSON list and object in a reply, whatever stands around them; the outermost, from an opening sign on."""
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
            return  # nobody means that, and every further bracket would be as deep
        begin = opening.search(reply, end)


def objects(reply: str, key: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in the reply that has the key."""
    for value in json_values(reply, _OBJECT):
        if isinstance(value, dict) and key in value:
            yield value


def own_objects(reply: str, key: str, case: str, material: str) -> list[dict[str, Any]]:
    """The objects that are the model's own answer: those that name the case, else those not copied from the material.

    One that names another case is nobody's answer to this one.
    """
    found = list(objects(reply, key))
    named = [one for one in found if one.get("case") == case]
    if named or not found:
        return named
    copied = list(objects(material, key))
    return [one for one in found if "case" not in one and one not in copied]
