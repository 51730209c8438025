"""Dialog with a prompt beside the toxic prompts that are most similar to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import text_shown
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import PageArea, if_alive, keep_scroll_bar, label
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.near_duplicates import Near
    from orbench_studio.services.workspace.workspace import Workspace

_TYPE = Type(15, 24)


class NearestDialog(Dialog):
    """Shows the prompt on the left and the toxic prompts on the right, the most similar first."""

    def __init__(self, parent: QWidget, session: Session, theme: Theme, prompt_id: int, text: str) -> None:
        super().__init__(parent, tr("Nearest toxic prompts"))
        self._theme = theme
        self._settings = session.settings
        self.status = label(tr("Searching…"), "quiet", wrap=True)
        self.found: list[Near] = []
        self._right = QVBoxLayout()
        self._area, self._close = PageArea(), QPushButton(tr("Close"))
        self._build_ui(f"#{prompt_id}", text)

        def work(workspace: Workspace) -> list[Near]:
            from orbench_studio.services.curation import near_duplicates

            return near_duplicates.nearest_toxic(workspace, prompt_id)

        session.run(work, if_alive(self, self._show))

    def _show(self, found: list[Near]) -> None:
        self.found = found
        self.status.setText(
            tr("Prompts labelled toxic with the most similar wording:")
            if found
            else tr("No prompt labelled toxic has similar wording.")
        )
        last: QWidget = self.findChildren(TextPane)[0]
        for near in found:
            similarity = tr("similarity {value}").format(value=f"{near.similarity:.2f}")
            text = text_shown(self._settings, near.category, near.text)
            card = prompt_card(self._theme, f"#{near.prompt_id} · {similarity}", text)
            self._right.addWidget(card)
            for pane in card.findChildren(TextPane):  # before the button, which is there already
                QWidget.setTabOrder(last, pane)
                last = pane
        QWidget.setTabOrder(last, self._close)
        self._right.addStretch()

    def _build_ui(self, head: str, text: str) -> None:
        left = column_layout(None, label(tr("This prompt"), "quiet"), prompt_card(self._theme, head, text), Stretch())
        right = column_layout(None, self.status, (self._right, 1))
        both = QWidget()
        row_layout(both, (left, 1), (right, 1), spacing=16)
        self._close.clicked.connect(self.close)
        self._area.setAccessibleName(tr("Prompts"))
        keep_scroll_bar(self._area)  # prompts can be longer than the screen
        self._area.setWidget(both)
        column_layout(self, (self._area, 1), (self._close, Qt.AlignmentFlag.AlignRight), margins=(24, 24, 24, 16))
        set_size(self, 820, 460)


def prompt_card(theme: Theme, head: str, text: str) -> QFrame:
    card = QFrame()
    card.setObjectName("panel")
    column = column_layout(card, label(head, "meta"), margins=(12, 8, 12, 8))
    pane = TextPane(theme, _TYPE, grows=True)
    pane.setAccessibleName(head)
    pane.show_text(text)
    column.addWidget(pane)
    return card
