"""Prompts and the seeds they were rewritten from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from orbench_studio.domain.core.annotation import Label


class Origin(StrEnum):
    SEED = "seed"
    REWRITE = "rewrite"
    IMPORTED = "imported"


def text_identity(*parts: str) -> bytes:
    """A 16-byte hash of the exact parts."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Seed:
    """A toxic text from which prompts are rewritten."""

    id: int
    text: str
    category: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that is sent to models.

    `reference_label` is the label in the source file (XSTest's authors give safe or unsafe), not a human decision here.
    `external_key` is the identity in the source, such as `xstest:195`.
    """

    id: int
    text: str
    category: str | None
    origin: Origin
    seed: Seed | None = None
    reference_label: Label | None = None
    external_key: str | None = None
    source: str | None = None
    source_line: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a prompt has text")
