"""Replies in the shapes of this year's vendors, through their SDKs, in pieces over a real socket.

`vendor_shapes.json` has the shapes; the words in them are ours. They follow the vendors' documentation, the types of
their SDKs and public reports. A shape with `text` is an answer, one with `cause` an error.
"""

import json
from pathlib import Path

import pytest

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.providers.base import Answer, ProviderError
from orbench_studio.providers.failures import answer_in_error, read_failure
from orbench_studio.providers.vendor import CHAT, MESSAGES, RESPONSES
from tests.delivery import pieces
from tests.wire import Wire, head

SHAPES = {
    shape["name"]: shape
    for shape in json.loads((Path(__file__).parents[2] / "data" / "vendor_shapes.json").read_text(encoding="utf-8"))
}
ADAPTATIONS = {"responses": [Adaptation.RESPONSES]}


@pytest.fixture(scope="module")
def wire():
    """One server for all shapes."""
    with pytest.MonkeyPatch.context() as patched, Wire() as wire:
        patched.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        yield wire


@pytest.mark.parametrize("name", SHAPES)
def test_shape_is_read(wire, name):
    shape = SHAPES[name]
    body = shape["body"] if isinstance(shape["body"], str) else json.dumps(shape["body"], ensure_ascii=False)
    headers = [f"{key}: {value}" for key, value in shape.get("headers", {}).items()]
    raw = body.encode()
    wire.pieces = [head(f"Content-Length: {len(raw)}", *headers, status=f"{shape['status']} X"), *pieces(raw)]
    model = "anthropic/model" if shape["api"] == "messages" else "wire/model"
    found = wire.ask(model=model, adaptations=ADAPTATIONS.get(shape["api"], ()))
    assert read(found, shape["expect"]) == shape["expect"]


def read(found, expected):
    """The expected fields of what was read. A message or details that contain the expected words count as equal."""
    if isinstance(found, ProviderError):
        message = expected.get("message", "")
        values = {"cause": found.cause.code, "retry_after": found.retry_after}
        values["message"] = message if message in found.message else found.message
    else:
        assert isinstance(found, Answer)
        details = expected.get("details", "")
        values = {"text": found.text, "stop": str(found.stop_reason), "reasoning": found.reasoning}
        values |= {"tokens": [found.input_tokens, found.output_tokens], "reasoning_tokens": found.reasoning_tokens}
        values["details"] = (
            details if details in found.stop_details and (details or not found.stop_details) else found.stop_details
        )
    return {name: values.get(name) for name in expected} | {
        name: values[name] for name in ("cause", "text") if name in values
    }


JUNK = (None, True, 7, "x", [], [1], ["x"], {}, {"a": 1}, [[]])
APIS = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}


@pytest.mark.parametrize("name", SHAPES)
def test_damaged_shape_is_an_answer_or_an_error_of_the_vendor(name):
    """Each value in the reply is replaced by values of other types: nothing else may be raised."""
    shape = SHAPES[name]
    for body in damaged(shape["body"]):
        try:
            if shape["status"] == 200 and isinstance(body, dict):
                answer = APIS[shape["api"]].read(body)
                assert {type(answer.text), type(answer.reasoning), type(answer.stop_details)} == {str}
            else:
                answer_in_error(read_failure(shape["status"], {}, json.dumps(body).encode()))
        except ProviderError as error:
            assert error.message


def damaged(body):
    """Copies of the body, in each of which one value has another type."""
    if isinstance(body, dict | list):
        for key in body if isinstance(body, dict) else range(len(body)):
            for other in (*JUNK, *damaged(body[key])):
                copy = body.copy()
                copy[key] = other
                yield copy
