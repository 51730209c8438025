"""Splitter positions that are restored after a restart."""

from PySide6.QtWidgets import QSplitter

from orbench_studio.settings import Settings


def remember_splitter(splitter: QSplitter, settings: Settings, name: str) -> bool:
    """Restore a splitter's stored sizes and store later changes; return whether there were stored sizes."""
    stored = settings.panes.get(name, [])
    known = len(stored) == splitter.count() and sum(stored) > 0
    if known:
        splitter.setSizes(stored)

    def store() -> None:
        settings.panes[name] = splitter.sizes()

    splitter.splitterMoved.connect(store)
    return known
