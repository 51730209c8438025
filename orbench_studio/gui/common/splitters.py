"""Borders between panes stay where they were dragged to, also after a restart."""

from PySide6.QtWidgets import QSplitter

from orbench_studio.settings import Settings


def remember_splitter(splitter: QSplitter, settings: Settings, name: str) -> bool:
    """Put a border where it was left, and keep where it is dragged to; gives whether it had been dragged before."""
    kept = settings.panes.get(name, [])
    known = len(kept) == splitter.count() and sum(kept) > 0
    if known:
        splitter.setSizes(kept)

    def keep() -> None:
        settings.panes[name] = splitter.sizes()

    splitter.splitterMoved.connect(keep)
    return known
