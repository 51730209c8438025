"""Addresses of datasets on the Hugging Face hub: `hf://OWNER/NAME[@REVISION][/CONFIG[/SPLIT]]`."""

import re
from dataclasses import dataclass
from pathlib import Path

from orbench_studio.errors import StudioError

_ADDRESS = re.compile(
    r"hf:/{1,2}(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[^/]+))?(/(?P<config>[^/]+))?(/(?P<split>[^/]+))?/?"
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A dataset on the hub; without `config` and `split`, its only ones."""

    repository: str
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return "/".join(part for part in (f"hf://{self.repository}{revision}", self.config, self.split) if part)


def hub_address(text: str) -> HubAddress | None:
    """Parse an address; None if the text is not one. A path library leaves one slash of the two.

    Raises a StudioError for an address that is incomplete.
    """
    if not text.startswith("hf:/"):
        return None
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise StudioError(
            f"{text} is not a dataset on the hub. Write hf://OWNER/NAME, or hf://OWNER/NAME/CONFIG/SPLIT."
        )
    return HubAddress(**found.groupdict())


def downloaded_from(file: Path) -> str | None:
    """The address and revision that a file in the hub library's cache came from; None for any other file.

    The cache names its folders `datasets--OWNER--NAME/snapshots/REVISION`.
    """
    parts = file.parts
    for at, part in enumerate(parts[:-3]):
        kind, *names = part.split("--")
        if kind == "datasets" and len(names) == 2 and parts[at + 1] == "snapshots":
            return f"hf://{'/'.join(names)}@{parts[at + 2]}/{'/'.join(parts[at + 3 :])}"
    return None
