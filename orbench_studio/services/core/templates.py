"""Prompt templates for judges, writers and moderators: files in resources/ that the user can replace.

Instead of a template, a judge or a moderator can have a preset: see `orbench_studio/domain/judging/judge_preset.py`.
The built-in ones are in `resources/judges`, the user's in the folder `judges` beside the settings; a file there
replaces the built-in preset of the same name.
"""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from orbench_studio.domain.core.json_reply import missing_placeholders, template_hash
from orbench_studio.domain.generation import vote_reply
from orbench_studio.domain.judging import judge_reply
from orbench_studio.domain.judging.judge_preset import JudgePreset, Use, preset_of, required_use
from orbench_studio.errors import StudioError, reason_of
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources
from orbench_studio.user_folders import config_folder

FOLDER = "judges"


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


_USES = {
    TemplateName.JUDGING: Use.CLASSES,
    TemplateName.ON_PROMPTS: Use.PROMPTS,
    TemplateName.ON_RESPONSES: Use.RESPONSES,
}


def load(name: TemplateName, source: str | Path | None = None) -> Template:
    """Read a template from a file, a preset by its name, or the built-in template.

    Raises StudioError if placeholders are missing, or if a preset is faulty or not for this use.
    """
    file = resources() / name if source is None else presets().get(str(source), Path(source))
    text = text_of(file)
    require_placeholders(name, text, file.name)
    return Template(file, judge_reply.with_classes(text) if name is TemplateName.JUDGING else text)


def presets() -> dict[str, Path]:
    """The files of all presets by name: the built-in ones and the user's."""
    folders = (resources() / FOLDER, own_folder())
    return {file.stem: file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.toml"))}


def own_folder() -> Path:
    """The folder of the user's presets."""
    return config_folder() / FOLDER


def titles() -> dict[str, JudgePreset]:
    """All presets by name; StudioError names a faulty file."""
    found = {name: _preset_in(text_of(file), file.name) for name, file in presets().items()}
    return {name: preset for name, preset in found.items() if preset is not None}


def _preset_in(text: str, file_name: str) -> JudgePreset | None:
    try:
        return preset_of(text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudioError(
            f"{file_name} is not a judge preset: {reason_of(error)}. Compare it with the built-in presets."
        ) from error


def require_placeholders(name: TemplateName, text: str | None, file_name: str = "") -> None:
    """Raise StudioError if required placeholders are missing."""
    preset = _preset_in(text or "", file_name or "The template")
    if preset is not None and name in _USES:
        try:
            required_use(preset, _USES[name])
        except ValueError as error:
            raise StudioError(str(error)) from error
        return
    missing = missing_placeholders(text or "", PLACEHOLDERS[name])
    if missing:
        names = ", ".join("{" + placeholder + "}" for placeholder in missing)
        which = f"template {file_name}" if file_name else "template"
        raise StudioError(f"The {which} is missing the placeholders {names}.")
