"""A field for a query: completes conditions, counts the matching prompts, and explains a query that matches none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from orbench_studio.domain.review.query import QueryError, parse, write
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.widgets import if_alive, label, set_tip, show_status
from orbench_studio.gui.review.condition_names import term_words
from orbench_studio.gui.review.query_completion import Completion
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.review.search import Matches
    from orbench_studio.services.workspace.workspace import Workspace

_TYPING = 250  # milliseconds after the last key until the prompts are counted


class QueryField(QWidget):
    """`line` has the text; an empty one matches `all_words`."""

    changed = Signal()  # with every key

    def __init__(self, session: Session, name: str, text: str = "") -> None:
        super().__init__()
        self._session = session
        self.line = QLineEdit(text)
        self.status = label("", "meta", wrap=True)
        self._offers = Flow(spacing=4)
        self._buttons: list[QToolButton] = []
        self._typing = QTimer(self)
        self._build_ui(name)
        completion = Completion(self.line)
        completion.values_wanted.connect(partial(self._learn, completion))
        self.line.textChanged.connect(self.changed)
        self.line.textChanged.connect(lambda _: self._typing.start())
        self._typing.timeout.connect(self.count)

    def text(self) -> str:
        return self.line.text().strip()

    def count(self) -> None:
        """Count the matching prompts now."""
        self._typing.stop()
        self._offer([])
        if not self.text():
            self._say("")
            return
        try:
            wanted = parse(self.text())
        except QueryError as error:
            self._say(str(error), wrong=True)
            return

        def work(workspace: Workspace) -> Matches:
            from orbench_studio.services.review import search

            return search.matches(workspace, wanted)

        self._session.run(work, if_alive(self, partial(self._show, self.line.text(), wanted)))

    def _show(self, text: str, wanted: QueueFilter, found: Matches) -> None:
        if text != self.line.text():
            return
        unmet = [tr("No prompt meets “{condition}”.").format(condition=term_words(term)) for term in found.unmet]
        none = " ".join(unmet) or tr("No prompt meets all conditions.")
        some = plural(found.count, "1 prompt matches.", "{count} prompts match.")
        self._say(some if found.count else none, wrong=not found.count)
        self._offer([(wanted.without_term(term), term, count) for term, count in found.without])

    def _offer(self, offers: Sequence[tuple[QueueFilter, Term, int]]) -> None:
        """Offer to drop each condition, with the number of prompts that match without it."""
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        for wanted, term, count in offers:
            button = QToolButton()
            button.setProperty("role", "link")
            text = tr("Without “{condition}”: {count}").format(condition=term_words(term), count=f"{count:,}")
            button.setText(text.replace("&", "&&"))
            button.setEnabled(count > 0)
            button.clicked.connect(partial(self._drop, write(wanted)))
            self._offers.add(button)
            self._buttons.append(button)
        self._offers.setVisible(bool(offers))

    def _drop(self, query: str, _checked: bool = False) -> None:
        self.line.setText(query)
        self.line.setFocus()

    def _say(self, text: str, *, wrong: bool = False) -> None:
        show_status(self.status, text, "error" if wrong else "meta")
        self.status.setVisible(bool(text))

    def _learn(self, completion: Completion, field: Field) -> None:
        def work(workspace: Workspace) -> dict[str, int]:
            from orbench_studio.services.review import search

            return search.counts_of(workspace, QueueFilter(), field)

        self._session.run(work, if_alive(self, lambda counts: completion.learn(field, list(counts))))

    def _build_ui(self, name: str) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self.setFocusProxy(self.line)
        self.line.setAccessibleName(name)
        set_tip(self.line, tr("Words, or conditions such as {example}").format(example="category:privacy refused:>=3"))
        column_layout(self, self.line, self.status, self._offers, spacing=4)
        self._say("")
        self._offers.hide()
