"""The vendors' own batches, OpenAI's and Anthropic's, through their SDKs: half the price, an answer within 24 hours."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer, AskError, Request
from orbench_studio.providers.chat import chat_body, filtered, read_chat
from orbench_studio.providers.credentials import key_for
from orbench_studio.providers.endpoints import Endpoint, require_batches
from orbench_studio.providers.http import ADVICE, cause_of, refusal
from orbench_studio.providers.messages import messages_body, read_message
from orbench_studio.providers.redaction import Redactor

_LISTED = 500  # batches of an account that are looked through for one of ours
_RETRIES = 5
_STRANGE = "The vendor's reply is not what was asked for."
_Found = TypeVar("_Found")


class VendorState(StrEnum):
    """How far a vendor is with a batch; `missing` where it does not know it, which it may not yet."""

    WORKING = "working"
    ENDED = "ended"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Look:
    """A vendor's batch as it is. `unanswered` is why items without a result have none, with the vendor's words."""

    state: VendorState
    unanswered: Cause = Cause.MISSING
    message: str = "The vendor's results have nothing on it."


class VendorBatches(Protocol):
    """A vendor's batches. Every method may raise AskError."""

    most_items: int
    most_bytes: int

    def body(self, request: Request) -> dict[str, Any]:
        """A request as it stands in a batch."""

    def send(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Hand in requests under ids of ours; the vendor's id for the whole. `mark` finds it again."""

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """A batch that was handed in and whose id was lost; None where the vendor has none such."""

    def look(self, vendor_id: str) -> Look:
        """How far it is."""

    def cancel(self, vendor_id: str) -> None:
        """Ask the vendor to stop; what it has done by then it still gives."""

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | AskError]]:
        """What it has, by our ids."""

    def close(self) -> None:
        """Let go of connections."""


def vendor_batches(endpoint: Endpoint) -> VendorBatches:
    """The endpoint's batches; StudioError where it has none that the studio speaks."""
    require_batches(endpoint)
    return AnthropicBatches(endpoint) if endpoint.vendor == "anthropic" else OpenAIBatches(endpoint)


class OpenAIBatches:
    """OpenAI's Batch API. Its limits are 50,000 requests and 200 MB; smaller files fail less."""

    most_items = 20_000
    most_bytes = 50_000_000

    def __init__(self, endpoint: Endpoint) -> None:
        import openai  # on first use: 0.8 seconds

        key = key_for(endpoint) or ""
        self._telling = Redactor(key)
        self._client = openai.OpenAI(api_key=key, base_url=endpoint.base_url, max_retries=_RETRIES)

    def body(self, request: Request) -> dict[str, Any]:
        """A chat completion; all of OpenAI's models take the newer name of the limit."""
        return chat_body(request, "max_completion_tokens")

    def send(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Upload a file, make a batch of it."""
        place = {"method": "POST", "url": "/v1/chat/completions"}
        lines = (json.dumps({"custom_id": name, **place, "body": body}) + "\n" for name, body in bodies)
        content = "".join(lines).encode()
        with _translated():
            file = _with("id", self._client.files.create(file=("batch.jsonl", content), purpose="batch"))
            made = self._client.batches.create(
                input_file_id=file.id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={"orbench": mark},
            )
            return _with("id", made).id

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """By the mark."""
        with _translated():
            for place, batch in enumerate(self._client.batches.list(limit=100)):
                if (batch.metadata or {}).get("orbench") == mark:
                    return batch.id
                if place > _LISTED or datetime.fromtimestamp(batch.created_at, UTC) < since:
                    break
        return None

    def look(self, vendor_id: str) -> Look:
        """How far it is."""
        with _translated():
            batch = _with("status", self._client.batches.retrieve(vendor_id))
        if batch.status in ("expired", "cancelled"):
            cause = Cause.EXPIRED if batch.status == "expired" else Cause.WITHDRAWN
            return Look(VendorState.ENDED, cause, f"The vendor's batch {batch.status} before it came to this.")
        if batch.status == "failed":
            errors = batch.errors.data if batch.errors and batch.errors.data else []
            message = "; ".join(str(error.message) for error in errors[:3]) or "The vendor's batch failed."
            return Look(VendorState.ENDED, Cause.BAD_REQUEST, self._telling(message))
        return Look(VendorState.ENDED if batch.status == "completed" else VendorState.WORKING)

    def cancel(self, vendor_id: str) -> None:
        """Ask the vendor to stop."""
        with _translated():
            self._client.batches.cancel(vendor_id)

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | AskError]]:
        """Both files: that of the answers and that of the errors."""
        with _translated():
            batch = _with("status", self._client.batches.retrieve(vendor_id))
            for file in (batch.output_file_id, batch.error_file_id):
                if file is None:
                    continue
                for row in _rows(self._client.files.content(file).content):
                    yield row["custom_id"], self._telling.result(_chat_result(row))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


class AnthropicBatches:
    """Anthropic's Message Batches. Its limits are 100,000 requests and 256 MB."""

    most_items = 20_000
    most_bytes = 50_000_000

    def __init__(self, endpoint: Endpoint) -> None:
        import anthropic  # on first use: 2 seconds

        address = endpoint.base_url.removesuffix("/v1")
        key = key_for(endpoint) or ""
        self._telling = Redactor(key)
        self._client = anthropic.Anthropic(api_key=key, base_url=address, max_retries=_RETRIES)

    def body(self, request: Request) -> dict[str, Any]:
        """A message."""
        return messages_body(request)

    def send(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Make a batch; it takes no mark."""
        requests: Any = [{"custom_id": name, "params": body} for name, body in bodies]
        with _translated():
            return _with("id", self._client.messages.batches.create(requests=requests)).id

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """By its size and its time: nothing else tells it."""
        with _translated():
            for place, batch in enumerate(self._client.messages.batches.list(limit=100)):
                if place > _LISTED or batch.created_at < since:
                    break
                counts = batch.request_counts
                there = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if there == size and batch.id not in known:
                    return batch.id
        return None

    def look(self, vendor_id: str) -> Look:
        """How far it is; each result says itself why there is no answer."""
        with _translated():
            batch = _with("processing_status", self._client.messages.batches.retrieve(vendor_id))
        return Look(VendorState.ENDED if batch.processing_status == "ended" else VendorState.WORKING)

    def cancel(self, vendor_id: str) -> None:
        """Ask the vendor to stop."""
        with _translated():
            self._client.messages.batches.cancel(vendor_id)

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | AskError]]:
        """One file with all of them."""
        with _translated():
            for row in self._client.messages.batches.results(vendor_id):
                result = _with("type", _with("custom_id", row).result).model_dump(mode="json")
                yield row.custom_id, self._telling.result(_message_result(result))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def _chat_result(row: dict[str, Any]) -> Answer | AskError:
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict) and isinstance(response.get("body"), dict):
        status, body = response.get("status_code"), response["body"]
        try:
            return read_chat(body) if status == 200 else filtered(refusal(int(status or 500), body))
        except AskError as found:
            return found
    code = error.get("code") if isinstance(error, dict) else None
    message = str(error.get("message")) if isinstance(error, dict) else "The vendor's results do not say why."
    causes = {"batch_expired": Cause.EXPIRED, "batch_cancelled": Cause.WITHDRAWN}
    return AskError(causes.get(str(code), Cause.SERVER), message)


def _message_result(result: dict[str, Any]) -> Answer | AskError:
    kind = result.get("type")
    if kind == "succeeded":
        try:
            return read_message(result["message"])
        except AskError as error:
            return error
    if kind == "errored":
        body = result.get("error") or {}
        message = (body.get("error") or {}).get("message") or "The vendor does not say why."
        is_ours = (body.get("error") or {}).get("type") == "invalid_request_error"
        return AskError(Cause.BAD_REQUEST if is_ours else Cause.SERVER, str(message))
    cause = Cause.EXPIRED if kind == "expired" else Cause.WITHDRAWN
    return AskError(cause, f"The vendor's batch {cause} before it came to this.")


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a result file. The item of a line that is cut off will be found to be missing.

    Lines of bytes end where JSON lines end; those of a text end also at U+2028, which may stand in an answer.
    """
    lines = [line for line in content.splitlines() if line.strip()]
    rows = [row for row in map(_row, lines) if row is not None]
    if lines and not rows:
        raise AskError(Cause.UNREADABLE, _STRANGE)  # a page of something between: the results are still there
    yield from rows


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("custom_id"), str) else None


def _with(name: str, found: _Found) -> _Found:
    """What an SDK has read, if it has such a text: the SDKs take any JSON, and pages, for what was asked for."""
    if not isinstance(getattr(found, name, None), str):
        raise AskError(Cause.UNREADABLE, _STRANGE)
    return found


@contextmanager
def _translated() -> Iterator[None]:
    """The SDKs' errors as ours; they have the same names in both. Theirs quote the vendor, who may quote the key."""
    try:
        yield
    except Exception as error:
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            cause = cause_of(status, {})
            raise AskError(cause, f"{status}: {ADVICE.get(cause, 'the vendor refused it')}") from None
        # A connection that breaks off while results are read is an error of the library below the SDK.
        if {kind.__name__ for kind in type(error).__mro__} & {"APIConnectionError", "RequestError"}:
            raise AskError(Cause.CONNECTION, "The vendor cannot be reached.") from None
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            raise AskError(Cause.UNREADABLE, _STRANGE) from None
        raise
