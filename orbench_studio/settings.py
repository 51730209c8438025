"""What a user prefers on this machine, kept between runs; nothing of a workspace, no keys."""

import getpass
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orbench_studio.domain.workspace.location import Location
from orbench_studio.errors import StudioError
from orbench_studio.user_folders import config_folder

SCHEMES = ("system", "light", "dark")
_RECENT = 12
_WIDEST = 100_000  # pixels
_LARGEST_FILE = 50_000_000  # bytes; the file holds recipes and column mappings, a few kilobytes each
_SHOWN = 60  # characters of a value that a message repeats


@dataclass
class Settings:
    """Preferences with their defaults; `save` writes them whole or not at all."""

    file: Path
    annotator: str = ""
    recent: list[str] = field(default_factory=list)
    geometry: str = ""
    scheme: str = SCHEMES[0]
    blind: bool = True  # votes and judgements stay hidden until the reviewer has decided
    shielded: list[str] = field(default_factory=list)  # categories whose texts are blurred until asked for
    font_scale: int = 100  # per cent
    break_after: int = 50  # minutes of work until a break is suggested; 0 for never
    recheck: int = 3  # per cent of decisions after which a decided prompt is silently shown again
    learns: bool = True  # the local judge learns from decisions in the background
    keys: dict[str, list[str]] = field(default_factory=dict)  # of the actions whose keys the user has changed
    panes: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    mappings: dict[str, str] = field(default_factory=dict)
    recipes: dict[str, str] = field(default_factory=dict)  # as they were left, by workspace
    faults: list[str] = field(default_factory=list)  # what could not be loaded, a sentence each; not saved
    unknown: dict[str, Any] = field(default_factory=dict)  # settings of a newer version, saved as they were

    def remember(self, workspace: Location) -> None:
        """Put a workspace first among the recent ones."""
        name = str(workspace.absolute() if isinstance(workspace, Path) else workspace)
        self.recent = [name, *(other for other in self.recent if other != name)][:_RECENT]

    def save(self) -> None:
        """Write the file; the old one stays whole if that fails, and a StudioError says why."""
        kept = {name: getattr(self, name) for name in (*_FITS, *_ENTRY_FITS)} | self.unknown
        file = Path(os.path.realpath(self.file))  # a link stays one: some keep all their preferences in one place
        part = file.with_name(f"{file.name}.{os.getpid()}.part")  # another window may be saving, too
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as to:
                to.write(_written(kept))
                to.flush()
                os.fsync(to.fileno())
            part.replace(file)
        except (OSError, RecursionError) as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StudioError(f"Your preferences could not be saved in {self.file}: {_why(error)}.") from error


def load_settings(file: Path | None = None) -> Settings:
    """The saved preferences. `faults` of the result says what could not be loaded; its default is used.

    A file that cannot be read at all is renamed, so that nothing overwrites it.
    """
    settings = Settings(file or config_folder() / "settings.json")
    for name, value in _read(settings).items():
        if name in _FITS:
            if _FITS[name](value):
                setattr(settings, name, value)
            else:
                _refuse(settings, name, value)
        elif name in _ENTRY_FITS:
            setattr(settings, name, _fitting(settings, name, value))
        else:
            settings.unknown[name] = value
    settings.annotator = settings.annotator or _login()
    return settings


def _read(settings: Settings) -> dict[str, Any]:
    """What the file says; nothing where there is none, or where it had to be set aside."""
    file = settings.file
    try:
        if file.exists() and not file.is_file():
            raise ValueError("it is not a file")
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError("it is too large")
        kept = json.loads(content.decode("utf-8-sig"), parse_int=_whole_number)
        if not isinstance(kept, dict):
            raise ValueError("it is not a JSON object")
        _written(kept)  # what is kept for a newer version must be possible to write again
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        settings.faults.append(f"The settings file {file} cannot be read: {_why(error)}. {_set_aside(file)}")
        return {}
    return kept


def _why(error: Exception) -> str:
    """What a message says of an error."""
    match error:
        case OSError(strerror=str(words)):
            return words
        case RecursionError():
            return "it is nested too deeply"
        case json.JSONDecodeError() | UnicodeDecodeError():
            return f"it is not JSON in UTF-8 ({error})"
        case _:
            return str(error)


def _set_aside(file: Path) -> str:
    """Rename a file that cannot be read to a name that is free; says what became of it."""
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists() or aside.is_symlink():
        number += 1
    try:
        file.rename(aside)
    except OSError as error:
        return f"It could not be renamed ({_why(error)}). Defaults are used; move it to save your settings again."
    return f"It was renamed to {aside}. Defaults are used."


def _written(kept: dict[str, Any]) -> str:
    return json.dumps(kept, indent=1)


def _whole_number(digits: str) -> int | float:
    """A number of the file; one with thousands of digits is as good as infinite, and no setting's value."""
    return int(digits) if len(digits) < 1_000 else float("inf")


def _fitting(settings: Settings, name: str, value: object) -> dict[str, Any]:
    """Those entries of a setting with names that can be; the others are told."""
    if not isinstance(value, dict):
        _refuse(settings, name, value)
        return {}
    fits = {entry: one for entry, one in value.items() if _text(entry) and _ENTRY_FITS[name](one)}
    for entry in value.keys() - fits.keys():
        _refuse(settings, f"{name}[{_short(entry)}]", value[entry])
    return fits


def _refuse(settings: Settings, name: str, value: object) -> None:
    settings.faults.append(f"The setting {name} has an invalid value ({_short(value)}). The default is used.")


def _short(value: object) -> str:
    """A value as ASCII, cut where it is long."""
    written = json.dumps(value)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"


def _text(value: object) -> bool:
    """Whether it is a text that can be written anywhere: no lone surrogates, no NUL."""
    return isinstance(value, str) and "\0" not in value and not re.search("[\ud800-\udfff]", value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _switch(value: object) -> bool:
    return isinstance(value, bool)


def _number(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _sizes(value: object) -> bool:
    return isinstance(value, list) and all(_number(size, 0, _WIDEST) for size in value)


_FITS: dict[str, Callable[[object], bool]] = {
    "annotator": lambda value: _text(value) and str(value).isprintable(),
    "recent": _texts,
    "geometry": lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{0,1000}", value)),
    "scheme": lambda value: value in SCHEMES,
    "blind": _switch,
    "shielded": _texts,
    "font_scale": lambda value: _number(value, 100, 200),
    "break_after": lambda value: _number(value, 0, 24 * 60),
    "recheck": lambda value: _number(value, 0, 50),
    "learns": _switch,
}
_ENTRY_FITS: dict[str, Callable[[object], bool]] = {  # of the settings that have a value for each of many names
    "keys": _texts,
    "panes": _sizes,
    "places": lambda value: _number(value, 0, sys.maxsize),
    "mappings": _text,
    "recipes": _text,
}


def _login() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without an entry in the system's table
        name = os.environ.get("USERNAME", "")
    return name if name and _FITS["annotator"](name) else "reviewer"
