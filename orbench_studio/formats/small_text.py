"""Read small text files completely, up to a size limit: recipes, prices, guidelines, instructions."""

from pathlib import Path

from orbench_studio.errors import StudioError, reason_of
from orbench_studio.formats.tables import unstorable

LARGEST = 1_000_000  # bytes


def text_of(file: Path, largest: int = LARGEST) -> str:
    """Read a UTF-8 file; raises StudioError if it cannot be read or has more than `largest` bytes."""
    try:
        with file.open("rb") as opened:
            content = opened.read(largest + 1)
    except (OSError, ValueError) as error:
        raise StudioError(f"{file} cannot be read: {reason_of(error)}.") from error
    return decoded(content, str(file), largest)


def decoded(content: bytes, named: str, largest: int = LARGEST) -> str:
    """Decode UTF-8, with or without a byte order mark."""
    if len(content) > largest:
        raise StudioError(f"{named} is larger than {largest:,} bytes. Shorten it, or check that it is the right file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(
            f"{named} cannot be read: it is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from error
    reason = unstorable([text])
    if reason:
        raise StudioError(f"{named} cannot be read as text: {reason}. Check that it is the right file.")
    return text
