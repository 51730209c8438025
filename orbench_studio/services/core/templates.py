"""Prompt templates for judges, writers and moderators: files in resources/ that the user can replace."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from orbench_studio.domain.core.json_reply import missing_placeholders, template_hash
from orbench_studio.domain.generation import vote_reply
from orbench_studio.domain.judging import judge_reply
from orbench_studio.errors import StudioError
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources


class TemplateName(StrEnum):
    """The built-in templates, by their file in resources/."""

    JUDGING = "judges/answer_class.txt"
    SEEDING = "generation/seeding.txt"
    REWRITING = "generation/rewriting.txt"
    ON_PROMPTS = "generation/moderating_prompt.txt"
    ON_RESPONSES = "generation/moderating_response.txt"


PLACEHOLDERS: dict[TemplateName, tuple[str, ...]] = {
    TemplateName.JUDGING: judge_reply.MARKERS,
    TemplateName.SEEDING: ("count", "category"),
    TemplateName.REWRITING: ("count", "seed"),
    TemplateName.ON_PROMPTS: vote_reply.ON_PROMPTS,
    TemplateName.ON_RESPONSES: vote_reply.ON_RESPONSES,
}
"""The required placeholders of each template. The templates of writers may also have {category} and {round}."""


class Template(NamedTuple):
    """A template and its hash, which is stored with every result."""

    file: Path
    text: str

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal."""
        return template_hash(self.text)


def load(name: TemplateName, file: Path | None = None) -> Template:
    """Read a template from a file, or the built-in one; StudioError if placeholders are missing."""
    file = file or resources() / name
    text = text_of(file)
    require_placeholders(name, text, file.name)
    return Template(file, text)


def require_placeholders(name: TemplateName, text: str | None, file_name: str = "") -> None:
    """Raise StudioError if required placeholders are missing."""
    missing = missing_placeholders(text or "", PLACEHOLDERS[name])
    if missing:
        names = ", ".join("{" + placeholder + "}" for placeholder in missing)
        which = f"template {file_name}" if file_name else "template"
        raise StudioError(f"The {which} is missing the placeholders {names}.")
