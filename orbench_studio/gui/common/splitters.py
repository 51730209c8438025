"""Splitters whose sizes are remembered in the settings."""

from PySide6.QtWidgets import QSplitter

from orbench_studio.settings import Settings


def remember_sizes(splitter: QSplitter, name: str, settings: Settings) -> None:
    """Restore the sizes that the user gave a splitter, and store them when they change."""
    stored = settings.panes.get(name, [])
    if len(stored) == splitter.count() and any(stored):
        splitter.setSizes(stored)

    def store() -> None:
        settings.panes[name] = splitter.sizes()

    splitter.splitterMoved.connect(store)
