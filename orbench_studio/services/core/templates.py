"""The wordings that models are asked with: files in resources/ that others can stand in for."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from orbench_studio.domain.core.json_reply import missing_markers, template_hash
from orbench_studio.domain.generation import vote_reply
from orbench_studio.domain.judging import judge_reply
from orbench_studio.errors import StudioError
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources


class TemplateName(StrEnum):
    """What a template is for, by its file in resources/."""

    JUDGING = "judges/answer_class.txt"
    SEEDING = "generation/seeding.txt"
    REWRITING = "generation/rewriting.txt"
    ON_PROMPTS = "generation/moderating_prompt.txt"
    ON_RESPONSES = "generation/moderating_response.txt"


MARKERS: dict[TemplateName, tuple[str, ...]] = {
    TemplateName.JUDGING: judge_reply.MARKERS,
    TemplateName.SEEDING: ("count", "category"),
    TemplateName.REWRITING: ("count", "seed"),
    TemplateName.ON_PROMPTS: vote_reply.ON_PROMPTS,
    TemplateName.ON_RESPONSES: vote_reply.ON_RESPONSES,
}
"""What each has to have in it, to be filled in. {category} and {round} may be in those of writers besides."""


class Template(NamedTuple):
    """A wording, and what results that came of it keep of it."""

    file: Path
    text: str

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal."""
        return template_hash(self.text)


def load(wording: TemplateName, file: Path | None = None) -> Template:
    """The wording in a file, or the studio's own; StudioError names what is wrong with it."""
    file = file or resources() / wording
    text = text_of(file)
    require_markers(wording, text, file.name)
    return Template(file, text)


def require_markers(wording: TemplateName, text: str | None, named: str = "") -> None:
    """Whether everything is in it that has to be filled in; StudioError says what not."""
    missing = missing_markers(text or "", MARKERS[wording])
    if missing:
        names = ", ".join("{" + name + "}" for name in missing)
        where = f"The instructions in {named}" if named else "The instructions"
        raise StudioError(f"{where} lack {names}: without that nothing can be asked.")
