"""A prompt beside the toxic prompts whose wording is nearest to it: where the boundary runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import text_shown
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, while_there
from orbench_studio.gui.curation import duplicate_search
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.near_duplicates import Near

_TYPE = Type(15, 24)


class NearestDialog(QDialog):
    """The prompt on the left, the toxic ones on the right, the nearest first."""

    def __init__(self, parent: QWidget, session: Session, theme: Theme, prompt_id: int, text: str) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings = session.settings
        self.says = label(tr("Looking for them …"), "quiet")
        self.found: list[Near] = []
        self._right = QVBoxLayout()
        self._build_ui(f"#{prompt_id}", text)
        duplicate_search.nearest_toxic(session, prompt_id, while_there(self, self._show))

    def _show(self, found: list[Near]) -> None:
        self.found = found
        self.says.setText(
            tr("By their letters alone, whose final label is toxic:")
            if found
            else tr("No prompt of this workspace that is labelled toxic has any wording in common with this one.")
        )
        for near in found:
            text = text_shown(self._settings, near.category, near.text)
            self._right.addWidget(self._card(f"#{near.prompt_id} · {tr('alike')} {near.similarity:.2f}", text))
        self._right.addStretch()

    def _card(self, head: str, text: str) -> QWidget:
        card = QFrame()
        card.setObjectName("panel")
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(label(head, "meta"))
        pane = TextPane(self._theme, _TYPE, grows=True)
        pane.setAccessibleName(head)
        pane.show_text(text)
        column.addWidget(pane)
        return card

    def _build_ui(self, head: str, text: str) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Nearest toxic prompts"))
        self.says.setWordWrap(True)
        left = QVBoxLayout()
        left.addWidget(label(tr("This prompt"), "quiet"))
        left.addWidget(self._card(head, text))
        left.addStretch()
        right = QVBoxLayout()
        right.addWidget(self.says)
        right.addLayout(self._right, 1)
        both = QWidget()
        sides = QHBoxLayout(both)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(16)
        sides.addLayout(left, 1)
        sides.addLayout(right, 1)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.addWidget(_scrolled(both), 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(820, 460)


def _scrolled(texts: QWidget) -> QScrollArea:
    """Prompts can be longer than any screen."""
    area = QScrollArea()
    area.setWidget(texts)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    return area
