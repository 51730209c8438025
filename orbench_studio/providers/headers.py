"""Rate limits and waiting times in response headers: seconds, dates, and OpenAI's durations (`6m0s`, `120ms`)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from orbench_studio.providers.base import Allowance

_MAX_WAIT = 3_600.0  # seconds; longer waits are cut
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or `Retry-After`; None without either."""
    in_ms = headers.get("retry-after-ms", "")
    if _is_number(in_ms):
        return _bounded(float(in_ms) / 1000)
    after = headers.get("Retry-After", "").strip()
    return seconds(after) if after else None


def allowance(headers: Mapping[str, str]) -> Allowance:
    """The remaining rate limit from the headers of OpenAI or Anthropic."""
    for stem, order in (("x-ratelimit-", "{1}-{0}"), ("anthropic-ratelimit-", "{0}-{1}")):
        left = {kind: headers.get(stem + order.format(kind, "remaining")) for kind in ("requests", "tokens")}
        if any(left.values()):
            resets = {kind: headers.get(stem + order.format(kind, "reset"), "") for kind in left}
            return Allowance(
                _int(left["requests"]), seconds(resets["requests"]), _int(left["tokens"]), seconds(resets["tokens"])
            )
    return Allowance()


def seconds(text: str) -> float:
    """Seconds from now for a duration or a time; 0 if it is invalid or in the past."""
    text = text.strip()
    if _is_number(text):
        return _bounded(float(text))
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return _bounded(sum(float(number) * _UNITS[unit] for number, unit in parts))
    moment = _moment(text)
    return _bounded((moment - datetime.now(UTC)).total_seconds()) if moment else 0.0


def _int(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def _bounded(span: float) -> float:
    return min(max(span, 0.0), _MAX_WAIT)


def _moment(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
