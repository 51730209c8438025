"""The batch APIs of OpenAI and Anthropic, through their SDKs: half the price, results within 24 hours."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer, ProviderError, Request
from orbench_studio.providers.credentials import key_for
from orbench_studio.providers.endpoints import Endpoint, require_batches
from orbench_studio.providers.failures import answer_in_error, read_failure, reported_error
from orbench_studio.providers.redaction import Redactor
from orbench_studio.providers.transport import certificates, connection_error
from orbench_studio.providers.vendor import CHAT, COMPLETIONS, MESSAGES, RESPONSES, api_of, known_adaptations

_MAX_LISTED = 500  # batches of an account to search for one of ours
_RETRIES = 5
_INVALID = "The vendor sent an invalid reply."
_EMPTY = "The vendor sent an empty file of results."
_Found = TypeVar("_Found")


class VendorState(StrEnum):
    """The state of a batch at the vendor; `missing` if the vendor does not list it (yet)."""

    RUNNING = "running"
    ENDED = "ended"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """The status of a vendor batch, and the cause and message for items without a result."""

    state: VendorState
    missing_cause: Cause = Cause.MISSING
    message: str = "The vendor's results do not contain this item."


class VendorBatches(Protocol):
    """The batch API of a vendor. Every method may raise ProviderError."""

    max_items: int
    max_bytes: int

    def body(self, request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
        """The body of a request in a batch, adapted to the model."""

    def submit(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Submit requests with our ids; return the vendor's id of the batch. The mark identifies it for `find`."""

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """Find a submitted batch whose id was lost, by its mark; None if the vendor has no such batch."""

    def status(self, vendor_id: str) -> VendorStatus:
        """The status of a batch."""

    def cancel(self, vendor_id: str) -> None:
        """Ask the vendor to cancel; results so far stay available."""

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | ProviderError]]:
        """The results, by our ids."""

    def close(self) -> None:
        """Close connections."""


def open_vendor_batches(endpoint: Endpoint) -> VendorBatches:
    """The batch API of an endpoint; StudioError if it is not supported."""
    require_batches(endpoint)
    return AnthropicBatches(endpoint) if endpoint.vendor == "anthropic" else OpenAIBatches(endpoint)


class OpenAIBatches:
    """The Batch API of OpenAI. Its limits are 50,000 requests and 200 MB; smaller files fail less often."""

    max_items = 20_000
    max_bytes = 50_000_000

    def __init__(self, endpoint: Endpoint) -> None:
        import openai  # on first use: 0.8 seconds

        key = key_for(endpoint) or ""
        self._endpoint, self._redact = endpoint, Redactor(key)
        http_client = openai.DefaultHttpxClient(verify=certificates())
        self._client = openai.OpenAI(
            api_key=key, base_url=endpoint.base_url, max_retries=_RETRIES, http_client=http_client
        )

    def body(self, request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
        """A chat completion or a response; all models of OpenAI accept the newer name of the token limit."""
        adapted = (Adaptation.LIMIT_NAME, *known_adaptations(self._endpoint, request), *adapted)
        return api_of(self._endpoint, adapted).body(request, adapted)

    def submit(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Upload a file and create a batch from it."""
        apis = {"input": RESPONSES, "prompt": COMPLETIONS}
        address: Any = f"/v1{next((apis[name] for name in apis if name in bodies[0][1]), CHAT).path}"
        place = {"method": "POST", "url": address}
        lines = (json.dumps({"custom_id": name, **place, "body": body}) + "\n" for name, body in bodies)
        content = "".join(lines).encode()
        with self._redact.errors(), _translated():
            file = _with("id", self._client.files.create(file=("batch.jsonl", content), purpose="batch"))
            made = self._client.batches.create(
                input_file_id=file.id,
                endpoint=address,
                completion_window="24h",
                metadata={"orbench": mark},
            )
            return _with("id", made).id

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """Find the batch by its mark."""
        with self._redact.errors(), _translated():
            for place, batch in enumerate(self._client.batches.list(limit=100)):
                if (batch.metadata or {}).get("orbench") == mark:
                    return batch.id
                if place > _MAX_LISTED or datetime.fromtimestamp(batch.created_at, UTC) < since:
                    break
        return None

    def status(self, vendor_id: str) -> VendorStatus:
        with self._redact.errors(), _translated():
            batch = _with("status", self._client.batches.retrieve(vendor_id))
        if batch.status in ("expired", "cancelled"):
            cause = Cause.EXPIRED if batch.status == "expired" else Cause.WITHDRAWN
            return VendorStatus(
                VendorState.ENDED, cause, f"The vendor batch was {batch.status} before this item was processed."
            )
        if batch.status == "failed":
            errors = batch.errors.data if batch.errors and batch.errors.data else []
            message = "; ".join(str(error.message) for error in errors[:3]) or "The vendor batch failed."
            return VendorStatus(VendorState.ENDED, Cause.BAD_REQUEST, self._redact(message))
        return VendorStatus(VendorState.ENDED if batch.status == "completed" else VendorState.RUNNING)

    def cancel(self, vendor_id: str) -> None:
        with self._redact.errors(), _translated():
            self._client.batches.cancel(vendor_id)

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | ProviderError]]:
        """The results of both files, for answers and for errors."""
        with self._redact.errors(), _translated():
            batch = _with("status", self._client.batches.retrieve(vendor_id))
            files = [file for file in (batch.output_file_id, batch.error_file_id) if file is not None]
            is_empty = True
            for file in files:
                for row in _rows(self._client.files.content(file).content):
                    is_empty = False
                    yield row["custom_id"], self._redact.result(_result(row))
            if files and is_empty:
                raise ProviderError(Cause.UNREADABLE, _EMPTY)

    def close(self) -> None:
        self._client.close()


class AnthropicBatches:
    """The Message Batches API of Anthropic. Its limits are 100,000 requests and 256 MB."""

    max_items = 20_000
    max_bytes = 50_000_000

    def __init__(self, endpoint: Endpoint) -> None:
        import anthropic  # on first use: 2 seconds

        address = endpoint.base_url.removesuffix("/v1")
        key = key_for(endpoint) or ""
        self._redact = Redactor(key)
        http_client = anthropic.DefaultHttpxClient(verify=certificates())
        self._client = anthropic.Anthropic(api_key=key, base_url=address, max_retries=_RETRIES, http_client=http_client)

    def body(self, request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
        return MESSAGES.body(request, adapted)

    def submit(self, bodies: Sequence[tuple[str, dict[str, Any]]], mark: str) -> str:
        """Create a batch. The API has no field for the mark, so it is part of every id."""
        requests: Any = [{"custom_id": f"{mark}-{name}", "params": body} for name, body in bodies]
        with self._redact.errors(), _translated():
            return _with("id", self._client.messages.batches.create(requests=requests)).id

    def find(self, mark: str, size: int, since: datetime, known: set[str]) -> str | None:
        """Find the batch by the ids in its results, which exist when it has ended.

        ProviderError if a batch of this size is not known and still running: it may be the lost one.
        """
        is_running = False
        with self._redact.errors(), _translated():
            for place, batch in enumerate(self._client.messages.batches.list(limit=100)):
                if place > _MAX_LISTED or batch.created_at < since:
                    break
                counts = batch.request_counts
                size_there = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if size_there != size or batch.id in known:
                    continue
                if batch.processing_status != "ended":
                    is_running = True
                elif self._has_mark(batch.id, mark):
                    return batch.id
        if is_running:
            raise ProviderError(
                Cause.SERVER,
                "A running batch at the vendor may be the one whose id is unknown. Its results will show this.",
            )
        return None

    def _has_mark(self, vendor_id: str, mark: str) -> bool:
        first = next(iter(self._client.messages.batches.results(vendor_id)), None)
        return first is not None and _with("custom_id", first).custom_id.startswith(f"{mark}-")

    def status(self, vendor_id: str) -> VendorStatus:
        """The status; each result has its own cause if there is no answer."""
        with self._redact.errors(), _translated():
            batch = _with("processing_status", self._client.messages.batches.retrieve(vendor_id))
        return VendorStatus(VendorState.ENDED if batch.processing_status == "ended" else VendorState.RUNNING)

    def cancel(self, vendor_id: str) -> None:
        with self._redact.errors(), _translated():
            self._client.messages.batches.cancel(vendor_id)

    def results(self, vendor_id: str) -> Iterator[tuple[str, Answer | ProviderError]]:
        """The results of one file."""
        row = None
        with self._redact.errors(), _translated():
            for row in self._client.messages.batches.results(vendor_id):
                result = _with("type", _with("custom_id", row).result).model_dump(mode="json")
                yield row.custom_id[row.custom_id.rfind("item-") :], self._redact.result(_message_result(result))
        if row is None:
            raise ProviderError(Cause.UNREADABLE, _EMPTY)

    def close(self) -> None:
        self._client.close()


def _result(row: dict[str, Any]) -> Answer | ProviderError:
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict) and isinstance(response.get("body"), dict):
        status, body = response.get("status_code"), response["body"]
        try:
            read = {"response": RESPONSES, "text_completion": COMPLETIONS}.get(body.get("object"), CHAT).read
            return read(body) if status == 200 else answer_in_error(reported_error(int(status or 500), body))
        except ProviderError as found:
            return found
    code = error.get("code") if isinstance(error, dict) else None
    message = str(error.get("message")) if isinstance(error, dict) else "The vendor gave no reason."
    causes = {"batch_expired": Cause.EXPIRED, "batch_cancelled": Cause.WITHDRAWN}
    return ProviderError(causes.get(str(code), Cause.SERVER), message)


def _message_result(result: dict[str, Any]) -> Answer | ProviderError:
    kind = result.get("type")
    if kind == "succeeded":
        try:
            return MESSAGES.read(result["message"])
        except ProviderError as error:
            return error
    if kind == "errored":
        body = result.get("error") or {}
        message = (body.get("error") or {}).get("message") or "The vendor gave no reason."
        is_ours = (body.get("error") or {}).get("type") == "invalid_request_error"
        return ProviderError(Cause.BAD_REQUEST if is_ours else Cause.SERVER, str(message))
    cause = Cause.EXPIRED if kind == "expired" else Cause.WITHDRAWN
    return ProviderError(
        cause,
        f"The vendor batch was {'expired' if cause is Cause.EXPIRED else 'cancelled'} before this item was processed.",
    )


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a result file. A truncated line is skipped, so that its item counts as missing.

    The content is split as bytes, because lines of a str also end at U+2028, which an answer may contain.
    """
    lines = [line for line in content.splitlines() if line.strip()]
    rows = [row for row in map(_row, lines) if row is not None]
    if lines and not rows:
        raise ProviderError(Cause.UNREADABLE, _INVALID)  # a page of a proxy: the results may still be available
    yield from rows


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("custom_id"), str) else None


def _with(name: str, found: _Found) -> _Found:
    """Check that an SDK's result has this text field: the SDKs accept any JSON, and HTML pages, as a result."""
    if not isinstance(getattr(found, name, None), str):
        raise ProviderError(Cause.UNREADABLE, _INVALID)
    return found


@contextmanager
def _translated() -> Iterator[None]:
    """Translate errors of the SDKs, with the vendor's words; the caller removes the key from them."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        reply = getattr(error, "response", None)
        if isinstance(getattr(error, "status_code", None), int) and reply is not None:
            raise read_failure(reply.status_code, reply.headers, reply.content) from None
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            raise ProviderError(Cause.UNREADABLE, _INVALID) from None
        failure = connection_error(error, "the vendor")
        if failure is None:
            raise
        raise failure from None
