"""What to do if there is nothing to review: no prompts, or a filter without matches."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.review.queue import Term
from orbench_studio.gui.common.actions import Actions, plural, tr
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.review.condition_names import term_words


class EmptyState(QWidget):
    """Offers to import files, or to drop one condition of the filter."""

    dropped = Signal(Term)  # when the user drops a condition

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "title")
        self._words = label("", "quiet")
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._import = QPushButton(tr("Import files…"))
        self._import.setProperty("role", "primary")
        self._clear = QPushButton(tr("Clear filter"))
        self._without = QVBoxLayout()
        self._offers: list[QPushButton] = []
        layout = column_layout(self, Stretch(2), margins=(40, 40, 40, 40), spacing=16)
        for text in (self._title, self._words):
            layout.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(self._without)
        for part in (self._import, self._clear):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, total: int) -> None:
        """Show the text for a workspace without prompts, or for a filter without matches."""
        empty = total == 0
        self._title.setText(tr("No prompts yet") if empty else tr("No prompts match the filter"))
        files = tr("Import OR-Bench or XSTest files, or any table of prompts:\nCSV, TSV, JSON, JSONL or Parquet.")
        self._words.setText(files if empty else tr("All conditions must be met. Remove one, or clear the filter."))
        self._import.setVisible(empty)
        self._clear.setVisible(not empty)
        self.offer_terms([])

    def offer_terms(self, counts: Sequence[tuple[Term, int]]) -> None:
        """Offer to drop each condition, with the number of prompts that match without it."""
        for button in self._offers:
            button.deleteLater()
        self._offers = []
        for term, count in counts:
            one, many = "Without “{condition}”: 1 prompt", "Without “{condition}”: {count} prompts"
            text = plural(count, one, many, condition=term_words(term))
            button = QPushButton(text.replace("&", "&&"))
            button.setEnabled(count > 0)
            button.clicked.connect(partial(self.dropped.emit, term))
            self._offers.append(button)
            self._without.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def offer(self, actions: Actions) -> None:
        """Bind the buttons."""
        self._import.clicked.connect(lambda: actions["import"].trigger())
        self._clear.clicked.connect(lambda: actions["clear_filter"].trigger())
