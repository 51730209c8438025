"""What a model rejects is read from the vendor's words, and nothing else is dropped."""

import pytest

from orbench_studio.domain.evaluation.adaptation import Adaptation, describe
from orbench_studio.domain.evaluation.batch import Sampling
from orbench_studio.providers.base import Request
from orbench_studio.providers.failures import reported_error
from orbench_studio.providers.vendor import CHAT, MESSAGES, RESPONSES, adaptation_to

SAMPLING = Sampling(temperature=0.0, system="Be brief.", seed=7)
REQUEST = Request("m", "Why?", SAMPLING, schema={"type": "object"})
A = Adaptation
REJECTIONS = [
    (CHAT, 400, "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
     "supported.", "temperature", A.NO_TEMPERATURE),
    (CHAT, 400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
     "instead.", "max_tokens", A.LIMIT_NAME),
    (CHAT, 400, "invalid temperature: only 1 is allowed for this model", None, A.NO_TEMPERATURE),
    (CHAT, 400, "Unrecognized request argument supplied: seed", None, A.NO_SEED),
    (CHAT, 422, "seed: Extra inputs are not permitted", None, A.NO_SEED),
    (CHAT, 400, "response_format of type json_schema is not supported by this model", None, A.NO_SCHEMA),
    (CHAT, 400, "This model does not support structured output", None, A.NO_SCHEMA),
    (CHAT, 400, "Developer instruction is not enabled for models/gemma-test", None, A.NO_SYSTEM),
    (CHAT, 400, "System role not supported", None, A.NO_SYSTEM),
    (CHAT, 400, "Unsupported value: 'messages[0].role' does not support 'system' with this model.", None, A.NO_SYSTEM),
    (CHAT, 404, "This model is only supported in v1/responses and not in v1/chat/completions.", "model", A.RESPONSES),
    (RESPONSES, 400, "Unsupported parameter: 'temperature' is not supported with this model.", "temperature",
     A.NO_TEMPERATURE),
    (RESPONSES, 400, "Unknown parameter: 'seed'.", "seed", A.NO_SEED),
    (RESPONSES, 400, "Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model.", None,
     A.NO_SCHEMA),
    (MESSAGES, 400, "`temperature` is deprecated for this model.", None, A.NO_TEMPERATURE),
    (MESSAGES, 400, "`temperature` may only be set to 1 when thinking is enabled.", None, A.NO_TEMPERATURE),
    (MESSAGES, 400, "temperature: range: 0..1", None, None),
    (CHAT, 400, "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.", "temperature", None),
    (CHAT, 400, "Unsupported parameter: 'top_k'", "top_k", None),
    (CHAT, 400, "max_tokens is too large: 9000. This model supports at most 4096 tokens.", "max_tokens", None),
    (CHAT, 429, "temperature is not supported", None, None),
    (CHAT, 500, "unexpected temperature", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("api", "status", "message", "parameter", "adaptation"), REJECTIONS)
def test_rejections(api, status, message, parameter, adaptation):
    error = reported_error(status, {"error": {"message": message, "param": parameter}})
    body = api.body(REQUEST, ())
    assert adaptation_to(error, body, ()) is adaptation
    if adaptation in (None, A.RESPONSES):
        return
    adapted = api.body(REQUEST, (adaptation,))
    assert adapted != body
    assert adaptation_to(error, adapted, (adaptation,)) is None, "no endless loop"


def test_bodies_after_all_adaptations():
    everything = tuple(Adaptation)
    assert CHAT.body(REQUEST, everything) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Be brief.\n\nWhy?"}],
        "max_completion_tokens": 1_000,
    }
    assert RESPONSES.body(REQUEST, everything) == {
        "model": "m",
        "input": "Be brief.\n\nWhy?",
        "max_output_tokens": 1_000,
        "store": False,
    }
    assert describe("m", (A.NO_SEED,)) == "m: adapted to what the model accepts: no seed is sent."
    assert describe("m", ()) == ""
