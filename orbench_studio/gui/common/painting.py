"""Painting helpers for lists: badges, keycaps, elided text."""

from functools import lru_cache

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from orbench_studio.gui.common.theme import META, Mark, Theme, font, px

_PAD = 8
_BADGE = 22


def badge_height() -> int:
    """The height of badges and of the space for keycaps."""
    return px(_BADGE)


def elided(painter: QPainter, rect: QRect, text: str, face: QFont, colour: QColor, *, right: bool = False) -> int:
    """Paint one line of text, cut with an ellipsis where it does not fit, and return its width."""
    painter.setFont(face)
    painter.setPen(colour)
    metrics = QFontMetrics(face)
    width = metrics.horizontalAdvance(text)
    shown = text if width <= rect.width() else metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, shown)
    return min(width, rect.width())


def badge_size(mark: Mark) -> QSize:
    return QSize(_width(_text(mark), px(META)) + 2 * _PAD, badge_height())


@lru_cache(maxsize=256)
def _width(text: str, pixels: int) -> int:
    """The width of a text in the font META, whose size is `pixels` now."""
    return QFontMetrics(font(META)).horizontalAdvance(text)


def badge(painter: QPainter, at: QPoint, mark: Mark, theme: Theme) -> None:
    """Paint a mark as a badge with its top left corner at a point. A mark without a tint is dashed."""
    rect = QRectF(at, badge_size(mark)).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = theme.colour(mark.colour)
    if mark.tint:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(mark.tint))
    else:
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, 4, 4)
    painter.setFont(font(META))
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _text(mark))
    painter.restore()


def keycap_width(key: str) -> int:
    """The width of a keycap; 0 without a key."""
    return max(_width(key, px(META)) + 10, badge_height()) if key else 0


def keycap(painter: QPainter, at: QPoint, key: str, theme: Theme) -> None:
    """Paint a keycap with its top left corner at a point."""
    if not key:
        return
    rect = QRectF(at.x() + 0.5, at.y() + 0.5, keycap_width(key) - 1, badge_height() - 3)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.colour("line"))
    painter.setBrush(theme.colour("background"))
    painter.drawRoundedRect(rect, 4, 4)
    painter.setFont(font(META))
    painter.setPen(theme.colour("quiet"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, key)
    painter.restore()


def _text(mark: Mark) -> str:
    return f"{mark.shape} {mark.word}".strip()
