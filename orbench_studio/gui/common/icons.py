"""Icons of one family (Lucide) in the colours of the theme."""

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.resources_dir import resources

_SIZE = 20
_STATES = (  # mode, state and colour
    (QIcon.Mode.Normal, QIcon.State.Off, "quiet"),
    (QIcon.Mode.Normal, QIcon.State.On, "accent"),
    (QIcon.Mode.Disabled, QIcon.State.Off, "faint"),
)


def set_icon(button: QAbstractButton, name: str, theme: Theme, size: int = _SIZE) -> None:
    """Give a button an icon of resources/icons that follows colour scheme and text size."""

    def tint() -> None:
        icon = QIcon()
        for mode, state, colour in _STATES:
            icon.addPixmap(pixmap(name, getattr(theme.tokens, colour), px(size)), mode, state)
        button.setIcon(icon)
        button.setIconSize(QSize(px(size), px(size)))

    tint()
    theme.changed.connect(tint)


def pixmap(name: str, colour: str, side: int) -> QPixmap:
    """An icon in a colour, with `side` logical pixels, sharp on every screen."""
    ratio = QGuiApplication.instance().devicePixelRatio()  # type: ignore[union-attr]  # there is one
    drawn = QPixmap(round(side * ratio), round(side * ratio))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", colour.encode()))).render(painter)
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _source(name: str) -> bytes:
    return (resources() / "icons" / f"{name}.svg").read_bytes()
