"""Reasoning and stop details of a response: collapsed under its text."""

from orbench_studio.domain.core.response import Response, StopReason
from orbench_studio.gui.review.response_reader import vendor_details


def test_titles_say_what_is_inside():
    response = Response(1, "m", "Light.", StopReason.STOP, reasoning="Let me think.", reasoning_tokens=1_200)
    assert vendor_details(response) == ("Reasoning (1,200 reasoning tokens)", "Let me think.")
    refused = Response(1, "m", "", StopReason.REFUSED, stop_details='{"category": "bio"}')
    assert vendor_details(refused) == ("Stop details", '{"category": "bio"}')
    assert vendor_details(Response(1, "m", "Light.")) == ("", "")
