"""Prompts and the seeds they were rewritten from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category


class Origin(StrEnum):
    """Where a prompt comes from."""

    SEED = "seed"
    REWRITE = "rewrite"
    IMPORTED = "imported"


def text_identity(*parts: str) -> bytes:
    """16 bytes that stand for the parts, to the letter: two texts are the same only if these are."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Seed:
    """A toxic sentence that prompts are rewritten from."""

    id: int
    text: str
    category: Category | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """One test question put to models.

    `reference_label` is what the source file itself states (XSTest's authors say safe or unsafe); it is nobody's
    decision in the studio. `external_key` is the identity the source gives, such as `xstest:195`.
    """

    id: int
    text: str
    category: Category | None
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
