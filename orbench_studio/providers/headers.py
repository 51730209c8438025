"""How long vendors ask one to wait: seconds, dates, and OpenAI's own way of writing time (`6m0s`, `120ms`)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 3_600.0  # seconds; a header that asks for more is not waited for at once
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `retry-after-ms` or `Retry-After` asks for; None where neither says."""
    in_ms = headers.get("retry-after-ms", "")
    if _is_number(in_ms):
        return _bounded(float(in_ms) / 1000)
    after = headers.get("Retry-After", "").strip()
    return seconds(after) if after else None


def seconds(text: str) -> float:
    """A span or a moment as seconds from now; 0 where it cannot be read or is over."""
    text = text.strip()
    if _is_number(text):
        return _bounded(float(text))
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return _bounded(sum(float(number) * _UNITS[unit] for number, unit in parts))
    moment = _moment(text)
    return _bounded((moment - datetime.now(UTC)).total_seconds()) if moment else 0.0


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def _bounded(span: float) -> float:
    return min(max(span, 0.0), _LONGEST)


def _moment(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
