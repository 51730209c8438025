"""How models are asked: the paper's settings unless somebody opens this part and says otherwise."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.evaluation.batch import MAX_TOKENS, TIMEOUT, Limits, Sampling
from orbench_studio.domain.evaluation.parameters import read_parameters
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.form_fields import count_field, fill, number_in
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, set_tip

_MOST = 1_000_000
_LINES = 64  # high, of a text
_MOST_SEED = 2**31 - 1


class RequestOptions(QWidget):
    """Closed, a line says how models will be asked; open, everything can be changed.

    Repeats are for questions put to models; lists and votes have none.
    """

    changed = Signal()
    file_wanted = Signal(str)  # the name of a file that has a system prompt

    def __init__(
        self, theme: Theme, *, temperature: str = "0", max_tokens: int = MAX_TOKENS, repeated: bool = True
    ) -> None:
        super().__init__()
        self._repeated = repeated
        self.opener, self.summary, self._form = QToolButton(), label("", "meta"), QWidget()
        self.temperature, self.max_tokens = QLineEdit(temperature), count_field(1, _MOST, max_tokens)
        self.repeats, self.seed = count_field(1, 1_000, 1), QLineEdit()
        self.system, self.system_file = QPlainTextEdit(), QPushButton(tr("From a file…"))
        self.parameters, self.base_url = QPlainTextEdit(), QLineEdit()
        self.concurrency = count_field(1, 1_000, Limits().concurrency)
        self.requests, self.tokens = count_field(0, _MOST, 0), count_field(0, _MOST * 100, 0)
        self.timeout = count_field(1, 3_600, int(TIMEOUT))
        self._build_ui()
        self._connect(theme)
        self._restate()

    def sampling(self, models: tuple[str, ...]) -> Sampling:
        """How the models are asked; ValueError says what cannot be."""
        extra, by_model = read_parameters(filter(str.strip, self.parameters.toPlainText().splitlines()), models)
        seed = number_in(self.seed, tr("Seed"))
        if seed is not None and (seed != int(seed) or abs(seed) > _MOST_SEED):
            raise ValueError(tr("A seed is a whole number."))
        return Sampling(
            number_in(self.temperature, tr("Temperature")),
            self.max_tokens.value(),
            self.system.toPlainText().strip() or None,
            None if seed is None else int(seed),
            extra,
            by_model,
        )

    def limits(self, max_cost: float | None) -> Limits:
        """What a batch may use, with this cap on its cost."""
        return Limits(
            self.concurrency.value(),
            self.requests.value() or None,
            self.tokens.value() or None,
            timeout=self.timeout.value(),
            max_cost=max_cost,
        )

    def base_urls(self, models: tuple[str, ...]) -> dict[str, str]:
        """The endpoint of each model that is not at its vendor's own."""
        address = self.base_url.text().strip()
        return dict.fromkeys(models, address) if address else {}

    def _restate(self) -> None:
        is_open = self.opener.isChecked()
        self.opener.setText(f"{'▾' if is_open else '▸'}  {tr('Options')}")
        self._form.setVisible(is_open)
        self.summary.setVisible(not is_open)
        self.summary.setText(self._words())

    def _words(self) -> str:
        temperature = self.temperature.text().strip()
        seed, address = self.seed.text().strip(), self.base_url.text().strip()
        parts = (
            f"{tr('temperature')} {temperature}" if temperature else tr("no temperature"),
            f"{tr('at most')} {self.max_tokens.text()} {tr('tokens')}",
            tr("a system prompt") if self.system.toPlainText().strip() else "",
            f"{tr('seed')} {seed}" if seed else "",
            f"{self.repeats.value()} {tr('times each')}" if self.repeats.value() > 1 else "",
            tr("more parameters") if self.parameters.toPlainText().strip() else "",
            f"{self.concurrency.value()} {tr('at once')}",
            f"{self.requests.text()} {tr('requests a minute')}" if self.requests.value() else "",
            f"{self.tokens.text()} {tr('tokens a minute')}" if self.tokens.value() else "",
            f"{tr('at')} {address}" if address else "",
        )
        return ", ".join(filter(None, parts))

    def _ask_file(self) -> None:
        dialog = FileDialog(self, tr("A system prompt"))
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.file_wanted)
        dialog.open()

    def _connect(self, theme: Theme) -> None:
        self.opener.toggled.connect(self._restate)
        self.system_file.clicked.connect(self._ask_file)
        for line in (self.temperature, self.seed, self.base_url):
            line.textChanged.connect(self.changed)
        for text in (self.system, self.parameters):
            text.textChanged.connect(self.changed)
        for number in self.findChildren(QSpinBox):
            number.valueChanged.connect(self.changed)
        self.changed.connect(self._restate)
        theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.opener.setCheckable(True)
        self.opener.setProperty("role", "opener")
        self.summary.setWordWrap(True)
        self.temperature.setPlaceholderText(tr("not sent"))
        self.seed.setPlaceholderText(tr("none"))
        self.base_url.setPlaceholderText(tr("the vendor's own"))
        self.system.setPlaceholderText(tr("none, as the paper"))
        self.parameters.setPlaceholderText("top_p=0.9\nMODEL:top_k=40")
        for unlimited in (self.requests, self.tokens):
            unlimited.setSpecialValueText(tr("no limit"))
        for text in (self.system, self.parameters):
            text.setObjectName("input")
            text.setTabChangesFocus(True)
        set_tip(self.temperature, tr("Empty for models that refuse one"))
        set_tip(self.timeout, tr("Seconds to wait for one answer"))
        set_tip(self.repeats, tr("How often each model is asked each prompt"))
        set_tip(self.parameters, tr("One a line, as JSON; MODEL:NAME=VALUE is for one model, null takes one out"))
        head = QHBoxLayout()
        head.addWidget(self.opener)
        head.addStretch()
        self._form.setLayout(self._grid())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addWidget(self._form)
        self._fit()

    def _grid(self) -> QGridLayout:
        system = QWidget()
        column = QVBoxLayout(system)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.system)
        column.addWidget(self.system_file, 0, Qt.AlignmentFlag.AlignLeft)
        system.setFocusProxy(self.system)
        self.system.setAccessibleName(tr("System prompt"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 0, 0)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Temperature", self.temperature), ("Most tokens", self.max_tokens), ("System prompt", system),
            ("Seed", self.seed), ("Repeats", self.repeats), ("Parameters", self.parameters),
            ("At once", self.concurrency), ("Requests/min", self.requests), ("Tokens/min", self.tokens),
            ("Timeout, s", self.timeout), ("Base URL", self.base_url),
        )  # fmt: skip
        fill(grid, [row for row in rows if self._repeated or row[1] is not self.repeats])
        self.requests.setAccessibleName(tr("Requests a minute"))
        self.tokens.setAccessibleName(tr("Tokens a minute"))
        return grid

    def _fit(self) -> None:
        for text in (self.system, self.parameters):
            text.setFixedHeight(px(_LINES))
