"""The settings of a user on this machine, stored as JSON. They hold no workspace data and no API keys."""

import getpass
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orbench_studio.domain.core.amounts import cut
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.review.reveal import Reveal
from orbench_studio.domain.workspace.location import Location
from orbench_studio.errors import StudioError
from orbench_studio.user_folders import config_folder

SCHEMES = ("system", "light", "dark")
_RECENT = 12
_MAX_SIZE = 100_000  # pixels
_LARGEST_FILE = 50_000_000  # bytes; the file holds recipes and column mappings, a few kilobytes each
_LATEST = 10**11  # seconds since 1970, in the year 5138
_SHOWN = 60  # characters of a value in a message


@dataclass
class Settings:
    """Settings with their defaults; `save` writes them atomically."""

    file: Path
    annotator: str = ""
    recent: list[str] = field(default_factory=list)
    recent_commands: list[str] = field(default_factory=list)  # of the command palette, newest first
    geometry: str = ""
    scheme: str = SCHEMES[0]
    blind: bool = True  # votes and judgements stay hidden until the reviewer has decided
    reveal: str = Reveal.EACH  # whether a decision shows them
    shielded: list[str] = field(default_factory=list)  # categories whose texts are covered until the user shows them
    font_scale: int = 100  # per cent
    break_after: int = 50  # minutes of work until a reminder; 0 for never
    recheck: int = 3  # percentage of labelled prompts that are shown again without a mark
    learns: bool = True  # the local judge is trained on decisions in the background
    env_file: str = ""  # a .env file with API keys
    keys: dict[str, list[str]] = field(default_factory=dict)  # custom shortcuts by action
    refusals: str = Refusals.ALL  # that the rates of the Audit page count
    panes: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)  # the last page by workspace
    filters: dict[str, str] = field(default_factory=dict)  # the last query by workspace
    filter_models: dict[str, str] = field(default_factory=dict)  # the model that chose its prompts, by workspace
    trainings: dict[str, int] = field(default_factory=dict)  # the last dismissed notice of a training, by workspace
    visits: dict[str, list[int]] = field(default_factory=dict)  # by workspace: time (s), decided prompts, all prompts
    mappings: dict[str, str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)  # last used in dialogs: folder, format of an export
    recipes: dict[str, str] = field(default_factory=dict)  # unsaved recipe by workspace
    faults: list[str] = field(default_factory=list)  # what could not be loaded, a sentence each; not saved
    unknown: dict[str, Any] = field(default_factory=dict)  # settings of a newer version, saved as they were
    saved: dict[str, Any] = field(default_factory=dict)  # as last loaded or saved here: another window saves, too

    def remember(self, workspace: Location) -> None:
        """Put a workspace first among the recent ones."""
        name = str(workspace.absolute() if isinstance(workspace, Path) else workspace)
        self.recent = [name, *(other for other in self.recent if other != name)][:_RECENT]

    def values(self) -> dict[str, Any]:
        """A copy of all settings by name."""
        return deepcopy({name: getattr(self, name) for name in (*_VALID, *_VALID_ENTRIES)})

    def save(self) -> None:
        """Write what changed here since it was loaded; what another window has changed in the file stays.

        The old file stays whole if that fails, and a StudioError says why.
        """
        own = self.values()
        others = load_settings(self.file).values() if self.saved and self.file.is_file() else own
        stored = {name: _merged(self.saved.get(name), value, others[name]) for name, value in own.items()}
        stored |= self.unknown
        file = Path(os.path.realpath(self.file))  # keep a symbolic link
        part = file.with_name(f"{file.name}.{os.getpid()}.part")  # another window may save at the same time
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as to:
                to.write(_to_json(stored))
                to.flush()
                os.fsync(to.fileno())
            part.replace(file)
        except (OSError, RecursionError) as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StudioError(f"The settings could not be saved in {self.file}: {_why(error)}.") from error
        self.saved = own


def load_settings(file: Path | None = None) -> Settings:
    """Load the settings. Invalid values get their defaults; `faults` has a message for each.

    A file that cannot be read is renamed, so that it is not overwritten.
    """
    settings = Settings(file or config_folder() / "settings.json")
    for name, value in _read(settings).items():
        if name in _VALID:
            if _VALID[name](value):
                setattr(settings, name, value)
            else:
                _reject(settings, name, value)
        elif name in _VALID_ENTRIES:
            setattr(settings, name, _valid_entries(settings, name, value))
        else:
            settings.unknown[name] = value
    settings.annotator = settings.annotator or _login()
    settings.saved = settings.values()
    return settings


def _merged(before: Any, own: Any, others: Any) -> Any:
    """The value to save: what changed here since `before`, beside what others have saved since."""
    if own == before:
        return others
    if isinstance(own, dict) and isinstance(before, dict):
        gone = before.keys() - own.keys()
        changed = {entry: value for entry, value in own.items() if entry not in before or before[entry] != value}
        return {entry: value for entry, value in others.items() if entry not in gone} | changed
    if isinstance(own, list) and isinstance(before, list):
        return [*own, *(name for name in others if name not in own and name not in before)]
    return own


def _read(settings: Settings) -> dict[str, Any]:
    """The content of the file; empty if it does not exist or had to be renamed."""
    file = settings.file
    try:
        if file.exists() and not file.is_file():
            raise ValueError("it is not a file")
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError("it is too large")
        stored = json.loads(content.decode("utf-8-sig"), parse_int=_whole_number)
        if not isinstance(stored, dict):
            raise ValueError("it is not a JSON object")
        _to_json(stored)  # settings of a newer version must be writable again
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        settings.faults.append(f"The settings file {file} cannot be read: {_why(error)}. {_set_aside(file)}")
        return {}
    return stored


def _why(error: Exception) -> str:
    """The reason in an error message."""
    match error:
        case OSError(strerror=str(text)):
            return text
        case RecursionError():
            return "it is nested too deeply"
        case json.JSONDecodeError() | UnicodeDecodeError():
            return f"it is not JSON in UTF-8 ({error})"
        case _:
            return str(error)


def _set_aside(file: Path) -> str:
    """Rename an unreadable file to an unused name; return a message about it."""
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists() or aside.is_symlink():
        number += 1
    try:
        file.rename(aside)
    except OSError as error:
        return f"It could not be renamed ({_why(error)}). Defaults are used; move it to save your settings again."
    return f"It was renamed to {aside}. Defaults are used."


def _to_json(stored: dict[str, Any]) -> str:
    return json.dumps(stored, indent=1)


def _whole_number(digits: str) -> int | float:
    """Parse an integer; one with thousands of digits becomes infinite, which no setting accepts."""
    return int(digits) if len(digits) < 1_000 else float("inf")


def _valid_entries(settings: Settings, name: str, value: object) -> dict[str, Any]:
    """The valid entries of a setting that is a mapping; the others are reported."""
    if not isinstance(value, dict):
        _reject(settings, name, value)
        return {}
    valid = {entry: one for entry, one in value.items() if _text(entry) and _VALID_ENTRIES[name](one)}
    for entry in value.keys() - valid.keys():
        _reject(settings, f"{name}[{_short(entry)}]", value[entry])
    return valid


def _reject(settings: Settings, name: str, value: object) -> None:
    settings.faults.append(f"The setting {name} has an invalid value ({_short(value)}). The default is used.")


def _short(value: object) -> str:
    """The beginning of a value, in ASCII."""
    return cut(json.dumps(value), _SHOWN)


def _text(value: object) -> bool:
    """Whether a value is a text without lone surrogates and NUL."""
    return isinstance(value, str) and "\0" not in value and not re.search("[\ud800-\udfff]", value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _switch(value: object) -> bool:
    return isinstance(value, bool)


def _number(value: object, minimum: int, maximum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def _sizes(value: object) -> bool:
    return isinstance(value, list) and all(_number(size, 0, _MAX_SIZE) for size in value)


_VALID: dict[str, Callable[[object], bool]] = {
    "annotator": lambda value: _text(value) and str(value).isprintable(),
    "recent": _texts,
    "recent_commands": _texts,
    "geometry": lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{0,1000}", value)),
    "scheme": lambda value: value in SCHEMES,
    "blind": _switch,
    "reveal": lambda value: value in tuple(Reveal),
    "shielded": _texts,
    "font_scale": lambda value: _number(value, 100, 200),
    "break_after": lambda value: _number(value, 0, 24 * 60),
    "recheck": lambda value: _number(value, 0, 50),
    "learns": _switch,
    "env_file": _text,
    "refusals": lambda value: value in tuple(Refusals),
}
_VALID_ENTRIES: dict[str, Callable[[object], bool]] = {  # of settings that are mappings
    "keys": _texts,
    "panes": _sizes,
    "places": lambda value: _number(value, 0, sys.maxsize),
    "pages": _text,
    "filters": _text,
    "filter_models": _text,
    "trainings": lambda value: _number(value, 0, sys.maxsize),
    "visits": lambda value: isinstance(value, list) and len(value) == 3 and all(_number(n, 0, _LATEST) for n in value),
    "mappings": _text,
    "choices": _text,
    "recipes": _text,
}


def _login() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # the user id has no account
        name = os.environ.get("USERNAME", "")
    return name if name and _VALID["annotator"](name) else "reviewer"
