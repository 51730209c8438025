"""What a user prefers on this machine, kept between runs; nothing of a workspace, no keys."""

import getpass
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from platformdirs import user_config_path

from orbench_studio.domain.place import Place
from orbench_studio.errors import StudioError

_RECENT = 12
_WIDEST = 100_000  # pixels


@dataclass
class Settings:
    """Preferences with their defaults; `save` writes them whole or not at all."""

    file: Path
    annotator: str = ""
    recent: list[str] = field(default_factory=list)
    geometry: str = ""
    scheme: str = "system"
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

    def remember(self, workspace: Place) -> None:
        """Put a workspace first among the recent ones."""
        name = str(workspace.absolute() if isinstance(workspace, Path) else workspace)
        self.recent = [name, *(other for other in self.recent if other != name)][:_RECENT]

    def save(self) -> None:
        """Write the file; the old one stays whole if that fails, and a StudioError says why."""
        kept = {name: value for name, value in asdict(self).items() if name != "file"}
        file = Path(os.path.realpath(self.file))  # a link stays one: some keep all their preferences in one place
        part = file.with_name(file.name + ".part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as to:
                json.dump(kept, to, indent=1)
                to.flush()
                os.fsync(to.fileno())
            part.replace(file)
        except OSError as error:
            raise StudioError(f"Your preferences could not be saved in {self.file}: {error.strerror}.") from error


def load_settings(file: Path | None = None) -> Settings:
    """The saved preferences; defaults for what is missing, or for all where the file cannot be read.

    A file that is no JSON, a slip of whoever edited it, is kept as `settings.json.unreadable`.
    """
    file = file or user_config_path("orbench-studio") / "settings.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        kept = {}
    except ValueError:
        kept = {}
        with suppress(OSError):
            file.replace(file.with_name(file.name + ".unreadable"))
    settings = Settings(file)
    for known in fields(Settings):
        value = kept.get(known.name) if isinstance(kept, dict) else None
        if _is_like(value, known.name):
            setattr(settings, known.name, value)
    settings.annotator = settings.annotator or _login()
    return settings


def _is_like(value: object, name: str) -> bool:
    """Whether what a file says can be the preference of that name."""
    return name in _FITS and _FITS[name](value)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _number(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _sizes(value: object) -> bool:
    return isinstance(value, list) and all(_number(size, 0, _WIDEST) for size in value)


def _named(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


_FITS: dict[str, Callable[[object], bool]] = {
    "annotator": _text,
    "recent": _texts,
    "geometry": _text,
    "scheme": _text,
    "blind": lambda value: isinstance(value, bool),
    "shielded": _texts,
    "font_scale": lambda value: _number(value, 100, 200),
    "break_after": lambda value: _number(value, 0, 24 * 60),
    "recheck": lambda value: _number(value, 0, 50),
    "learns": lambda value: isinstance(value, bool),
    "keys": _named(_texts),
    "panes": _named(_sizes),
    "places": _named(lambda value: _number(value, 0, sys.maxsize)),
    "mappings": _named(_text),
    "recipes": _named(_text),
}


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return os.environ.get("USERNAME", "reviewer")
