"""Request options. The defaults are those of the OR-Bench paper."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QWidget,
)

from orbench_studio.domain.evaluation.batch import MAX_TOKENS, TIMEOUT, Limits, Sampling
from orbench_studio.domain.evaluation.parameters import read_parameters
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import count_field, fill, number_in
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.services.evaluation.model_catalogue import has_batch_api

_MAX = 1_000_000
_PARAMETERS = "top_p=0.9\nMODEL:top_k=40"
_TEXT_HEIGHT = 64
_MAX_SEED = 2**31 - 1


class VendorBatchBox(QCheckBox):
    """Whether requests go through the batch API of the vendor; disabled for models without one."""

    def __init__(self) -> None:
        super().__init__(tr("Use the vendor's batch API\n(half price, up to 24 h)"))
        set_tip(self, tr("Only models of OpenAI and Anthropic have one."))

    def follow(self, models: Iterable[str]) -> None:
        """Enable it if all models have a batch API; a checked box stays, so that it can be cleared."""
        self.setEnabled(self.isChecked() or all(map(has_batch_api, models)))


class RequestOptions(QWidget):
    """A summary of the options; opened, a form to change them. Lists and votes have no repeats."""

    changed = Signal()
    file_wanted = Signal(str)  # path of a file with a system prompt

    def __init__(
        self, theme: Theme, *, temperature: str = "0", max_tokens: int = MAX_TOKENS, repeated: bool = True
    ) -> None:
        super().__init__()
        self._repeated = repeated
        self.opener, self.summary, self._form = QToolButton(), label("", "meta"), QWidget()
        self.temperature, self.max_tokens = QLineEdit(temperature), count_field(1, _MAX, max_tokens)
        self.repeats, self.seed = count_field(1, 1_000, 1), QLineEdit()
        self.system, self.system_file = QPlainTextEdit(), QPushButton(tr("Load from file…"))
        self.parameters, self.base_url = QPlainTextEdit(), QLineEdit()
        self.concurrency = count_field(1, 1_000, Limits().concurrency)
        self.requests, self.tokens = count_field(0, _MAX, 0), count_field(0, _MAX * 100, 0)
        self.timeout = count_field(1, 3_600, int(TIMEOUT))
        self._build_ui()
        self._connect(theme)
        self._update()

    def sampling(self, models: tuple[str, ...]) -> Sampling:
        """The request parameters; ValueError with the reason if one is invalid."""
        extra, by_model = read_parameters(filter(str.strip, self.parameters.toPlainText().splitlines()), models)
        seed = number_in(self.seed, tr("Random seed"))
        if seed is not None and (seed != int(seed) or abs(seed) > _MAX_SEED):
            raise ValueError(tr("The seed must be a whole number."))
        return Sampling(
            number_in(self.temperature, tr("Temperature")),
            self.max_tokens.value(),
            self.system.toPlainText().strip() or None,
            None if seed is None else int(seed),
            extra,
            by_model,
        )

    def limits(self, max_cost: float | None) -> Limits:
        """The limits, with this cost limit."""
        return Limits(
            self.concurrency.value(),
            self.requests.value() or None,
            self.tokens.value() or None,
            timeout=self.timeout.value(),
            max_cost=max_cost,
        )

    def base_urls(self, models: tuple[str, ...]) -> dict[str, str]:
        """The base URL of each model, if one is entered."""
        address = self.base_url.text().strip()
        return dict.fromkeys(models, address) if address else {}

    def _update(self) -> None:
        is_open = self.opener.isChecked()
        self.opener.setText(tr("▾  Options") if is_open else tr("▸  Options"))
        self._form.setVisible(is_open)
        self.summary.setVisible(not is_open)
        self.summary.setText(self._summary())

    def _reveal(self) -> None:
        """Scroll the page to the options that were opened."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None and self.opener.isChecked():
            above.ensureWidgetVisible(self.system)

    def _summary(self) -> str:
        temperature = self.temperature.text().strip()
        seed, address = self.seed.text().strip(), self.base_url.text().strip()
        parts = (
            tr("temperature {value}").format(value=temperature) if temperature else tr("no temperature"),
            tr("max tokens {value}").format(value=self.max_tokens.text()),
            tr("system prompt") if self.system.toPlainText().strip() else "",
            tr("seed {value}").format(value=seed) if seed else "",
            tr("repeats {count}").format(count=self.repeats.value()) if self.repeats.value() > 1 else "",
            tr("additional parameters") if self.parameters.toPlainText().strip() else "",
            tr("concurrency {value}").format(value=self.concurrency.value()),
            tr("requests/min {count}").format(count=self.requests.text()) if self.requests.value() else "",
            tr("tokens/min {count}").format(count=self.tokens.text()) if self.tokens.value() else "",
            tr("base URL {address}").format(address=address) if address else "",
        )
        return ", ".join(filter(None, parts))

    def _ask_file(self) -> None:
        dialog = FileDialog(self, tr("Load system prompt"), "templates")
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.file_wanted)
        dialog.open()

    def _connect(self, theme: Theme) -> None:
        self.opener.toggled.connect(self._update)
        self.opener.toggled.connect(lambda: QTimer.singleShot(0, self, self._reveal))  # after the new layout
        self.system_file.clicked.connect(self._ask_file)
        for line in (self.temperature, self.seed, self.base_url):
            line.textChanged.connect(self.changed)
        for text in (self.system, self.parameters):
            text.textChanged.connect(self.changed)
        for number in self.findChildren(QSpinBox):
            number.valueChanged.connect(self.changed)
        self.changed.connect(self._update)
        theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.opener.setCheckable(True)
        self.opener.setProperty("role", "opener")
        self.summary.setWordWrap(True)
        self.temperature.setPlaceholderText(tr("not sent"))
        self.seed.setPlaceholderText(tr("none"))
        self.base_url.setPlaceholderText(tr("default of the vendor"))
        self.system.setPlaceholderText(tr("none, as in the OR-Bench paper"))
        self.parameters.setPlaceholderText(_PARAMETERS)
        for unlimited in (self.requests, self.tokens):
            unlimited.setSpecialValueText(tr("no limit"))
        for text in (self.system, self.parameters):
            text.setObjectName("input")
            text.setTabChangesFocus(True)
        set_tip(self.temperature, tr("Leave empty for models that reject a temperature."))
        set_tip(self.timeout, tr("Maximum time for one request, in seconds"))
        set_tip(self.repeats, tr("Number of requests for each prompt and model"))
        set_tip(
            self.parameters,
            tr("One per line: NAME=VALUE, or MODEL:NAME=VALUE for one model. Values are JSON; null removes one."),
        )
        head = row_layout(None, self.opener, Stretch())
        self._form.setLayout(self._grid())
        column_layout(self, head, self.summary, self._form, spacing=4)
        self._fit()

    def _grid(self) -> QGridLayout:
        system = QWidget()
        column_layout(system, self.system, (self.system_file, Qt.AlignmentFlag.AlignLeft), spacing=4)
        system.setFocusProxy(self.system)
        self.system.setAccessibleName(tr("System prompt"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 0, 0)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Temperature", self.temperature), ("Max tokens", self.max_tokens), ("System prompt", system),
            ("Random seed", self.seed), ("Repeats", self.repeats), ("Parameters", self.parameters),
            ("Concurrency", self.concurrency), ("Requests/min", self.requests), ("Tokens/min", self.tokens),
            ("Timeout (s)", self.timeout), ("Base URL", self.base_url),
        )  # fmt: skip
        fill(grid, [row for row in rows if self._repeated or row[1] is not self.repeats])
        self.requests.setAccessibleName(tr("Requests per minute"))
        self.tokens.setAccessibleName(tr("Tokens per minute"))
        return grid

    def _fit(self) -> None:
        for text in (self.system, self.parameters):
            text.setFixedHeight(px(_TEXT_HEIGHT))
