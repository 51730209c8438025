"""The theme: colour tokens and text size, applied as a palette and one style sheet."""

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from orbench_studio.colours import DARK, LIGHT, Tokens
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.resources_dir import resources
from orbench_studio.settings import SCHEMES

META, BODY, READING, PROMPT = 12, 14, 15, 22  # pixels at the default text size
READING_LINE, PROMPT_LINE = 24, 32
_BOX, _ARROW, _SPIN = 14, 10, 18  # sizes of a check box, an arrow and the buttons of a spin box
_READING, _WELCOME = 960, 720  # pixels, the widest line of an explanation, and of the welcome page
SMALLEST, LARGEST, STEP = 100, 200, 10  # per cent


@dataclass(frozen=True, slots=True)
class Mark:
    """The look of a value: shape and word beside the colour, never the colour alone. No tint: dashed outline."""

    shape: str
    word: str
    colour: str
    tint: str | None = None


LABELS: dict[Label | None, Mark] = {
    Label.SAFE: Mark("●", "safe", "safe", "safe_tint"),
    Label.TOXIC: Mark("▲", "toxic", "toxic", "toxic_tint"),
    Label.CONTROVERSIAL: Mark("◆", "controversial", "amber", "amber_tint"),
    None: Mark("○", "no label", "quiet"),
}
VERDICTS = {
    Verdict.SAFE: LABELS[Label.SAFE],
    Verdict.TOXIC: LABELS[Label.TOXIC],
    Verdict.UNPARSED: Mark("?", "unparsed", "quiet"),
}
ANSWERS: dict[AnswerClass | None, Mark] = {
    AnswerClass.DIRECT_ANSWER: Mark("✓", "direct answer", "safe", "safe_tint"),
    AnswerClass.SAFE_COMPLETION: Mark("◕", "safe completion", "safe", "safe_tint"),
    AnswerClass.INABILITY: Mark("∅", "inability", "safe", "safe_tint"),
    AnswerClass.PARTIAL_REFUSAL: Mark("◐", "partial refusal", "amber", "amber_tint"),
    AnswerClass.INDIRECT_REFUSAL: Mark("↪", "indirect refusal", "indirect", "indirect_tint"),
    AnswerClass.NON_RESPONSIVE: Mark("↺", "non-responsive", "indirect", "indirect_tint"),
    AnswerClass.DIRECT_REFUSAL: Mark("✕", "direct refusal", "toxic", "toxic_tint"),
    AnswerClass.REFUSED_BY_STOP_REASON: Mark("✕", "refused by stop reason", "toxic"),
    AnswerClass.BLOCKED_BY_FILTER: Mark("✕", "blocked by filter", "toxic"),
    AnswerClass.UNPARSED: Mark("", "judge reply unparsed", "quiet"),
    AnswerClass.ABSTAINED: Mark("?", "judge abstained: decide", "amber"),
    AnswerClass.EMPTY: Mark("", "empty", "quiet"),
    AnswerClass.TRUNCATED: Mark("", "truncated", "quiet"),
    AnswerClass.ERROR: Mark("", "request failed", "quiet"),
    None: Mark("", "not judged", "quiet"),
}
BASES = {
    Basis.HUMAN: "person",
    Basis.DISPUTED: "people disagree",
    Basis.CONSENSUS: "moderators",
    Basis.REFERENCE: "source file",
    Basis.JUDGE: "judge",
    Basis.RULE: "rule",
    Basis.LOCAL: "local",
    Basis.PROVIDER: "vendor",
    Basis.NONE: "",
}

_SHEET = Template("""
* { font-size: 14px; }
QMainWindow, QDialog, QWidget#page { background: $background; color: $ink; }
QWidget#panel, QFrame#panel { background: $panel; }
QFrame#card { background: $panel; border: 1px solid $line; border-radius: 6px; }
QFrame[tint="safe"] { background: $safe_tint; border-radius: 6px; }
QFrame[tint="toxic"] { background: $toxic_tint; border-radius: 6px; }
QFrame[tint="amber"] { background: $amber_tint; border-radius: 6px; }
QFrame#rule { background: $line; border: none; }
QLabel { color: $ink; background: transparent; }
QWidget#welcome { max-width: ${welcome}px; }
QLabel[wraps="true"], QLineEdit#reason { max-width: ${reading}px; }
QLabel[role="meta"] { color: $quiet; font-size: ${meta}px; }
QLabel[role="quiet"] { color: $quiet; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[type="meta"] { font-size: ${meta}px; }
QLabel[role="title"] { font-size: 22px; }
QLabel[role="error"] { color: $toxic; }
QLabel[role="more"] { color: $accent; font-size: ${meta}px; background: $panel; border-top: 1px solid $line; }
QLabel[role="verdict-safe"] { color: $safe; font-weight: 600; }
QLabel[role="verdict-toxic"] { color: $toxic; font-weight: 600; }
QLabel[role="verdict-amber"] { color: $amber; font-weight: 600; }
QLabel[role="verdict-indirect"] { color: $indirect; font-weight: 600; }
QLabel[role="verdict-quiet"] { color: $quiet; font-weight: 600; }
QListView, QTableView, QPlainTextEdit, QTextEdit, QTreeView {
    background: $background; color: $ink; border: none; selection-background-color: $selection; selection-color: $ink;
    outline: none;
}
QListView, QTableView, QTreeView { border: 1px solid transparent; }
QListView:focus, QTableView:focus, QTreeView:focus { border-color: $accent; }
QScrollArea[role="stop"] { border: 1px solid transparent; border-radius: 6px; }
QScrollArea[role="stop"][ring="true"] { border-color: $accent; }
QTableView#queue, QTableView#heat { background: $background; }
QTableView#heat QHeaderView, QTableView#heat QHeaderView::section, QTableView#heat QTableCornerButton::section {
    background: $background; border: none; }
QTableView#heat QHeaderView::section:horizontal { padding: 6px 8px 6px 2px; }
QTableView#static, QTableView#static QHeaderView, QTableView#static QHeaderView::section { background: transparent; }
QTableView#queue::item { padding: 0; }
QTableView { gridline-color: $line; background: $panel; }
QTableView::item { padding: 4px 8px; }
QTreeView::item { padding: 4px 8px; }
QTreeView::item:selected { background: $selection; color: $ink; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$icons/chevron-down.svg"); width: ${box}px; height: ${box}px; }
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus { border: none; background: transparent; padding: 0 4px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: ${spin}px; border: none;
    margin-right: 4px; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin-top: 3px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 3px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $selection; border-radius: 3px; }
QAbstractSpinBox::up-arrow { image: url("$icons/chevron-up.svg"); width: ${arrow}px; height: ${arrow}px; }
QAbstractSpinBox::down-arrow { image: url("$icons/chevron-down.svg"); width: ${arrow}px; height: ${arrow}px; }
QHeaderView { background: $panel; }
QHeaderView::section { background: $panel; color: $quiet; border: none; border-bottom: 1px solid $line;
    padding: 6px 8px 6px 11px; font-size: ${meta}px; }
QHeaderView::up-arrow { image: url("$icons/chevron-up.svg"); width: ${arrow}px; height: ${arrow}px; }
QHeaderView::down-arrow { image: url("$icons/chevron-down.svg"); width: ${arrow}px; height: ${arrow}px; }
QWidget#panel QTextEdit, QWidget#panel QListView, QWidget#panel QPlainTextEdit { background: $panel; }
QWidget#panel QPlainTextEdit#input { background: $background; }
QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit#input { background: $background; color: $ink;
    border: 1px solid $border; border-radius: 6px; padding: 5px 8px;
    selection-background-color: $accent; selection-color: $panel; }
QAbstractSpinBox { padding: 4px 0; }
QLineEdit, QPlainTextEdit { placeholder-text-color: $faint; }
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QPlainTextEdit#input:focus { border-color: $accent; }
QComboBox QAbstractItemView, QMenu, QListWidget#completion { background: $panel; color: $ink;
    border: 1px solid $line; padding: 4px; }
QListWidget#completion::item { padding: 4px 8px; border-radius: 4px; }
QListWidget#completion::item:selected { background: $selection; color: $ink; }
QListWidget#disputes { background: $panel; border-right: 1px solid $line; }
QListWidget#disputes::item { padding: 8px 12px; border-bottom: 1px solid $line; }
QListWidget#disputes::item:selected { background: $selection; color: $ink; }
QMenuBar { background: $panel; color: $ink; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 5px 10px; background: transparent; }
QMenuBar::item:selected { background: $selection; color: $ink; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $selection; color: $ink; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QPushButton { background: $panel; color: $ink; border: 1px solid $border; border-radius: 6px; padding: 6px 14px; }
QPushButton:hover { background: $selection; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; border-color: $line; }
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled, QPlainTextEdit#input:disabled {
    border-color: $line; }
QPushButton[role="primary"]:enabled { background: $accent; color: $panel; border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:focus { border: 2px solid $ink; padding: 5px 13px; }
QToolButton { background: transparent; color: $ink; border: 1px solid transparent; border-radius: 6px;
    padding: 5px 8px; }
QToolButton:hover { background: $selection; }
QToolButton:focus { border-color: $accent; }
QToolButton:checked, QToolButton[active="true"] { background: $selection; color: $accent; }
QToolButton[role="rail"] { font-size: ${meta}px; padding: 6px 2px; color: $quiet; }
QToolButton[role="rail"]:checked { color: $accent; }
QToolButton[role="stage"] { background: $panel; border: 1px solid $border; border-radius: 6px; padding: 4px 8px; }
QToolButton[role="stage"]:hover:enabled, QToolButton[role="stage"]:focus { border-color: $accent; }
QToolButton[role="stage"]:disabled { color: $quiet; border-color: $line; }
QToolButton[role="chip"] { font-size: ${meta}px; color: $quiet; padding: 3px 5px; }
QToolButton[role="chip"][active="true"] { color: $accent; }
QLineEdit[wrong="true"], QLineEdit[wrong="true"]:focus { border-color: $toxic; }
QToolButton[role="toggle"] { font-size: ${meta}px; background: $panel; border: 1px solid $border; padding: 3px 8px; }
QToolButton[role="toggle"]:hover, QToolButton[role="toggle"]:checked { background: $selection; }
QToolButton[role="toggle"]:checked, QToolButton[role="toggle"]:focus { border-color: $accent; }
QToolButton[role="link"] { font-size: ${meta}px; color: $accent; padding: 2px 6px; }
QToolButton[role="link"]:disabled { color: $quiet; }
QToolButton[role="fault"] { font-size: ${meta}px; color: $toxic; padding: 2px 6px; }
QToolButton[role="opener"], QToolButton[role="opener"]:checked { background: transparent; color: $quiet;
    padding: 5px 6px 5px 0; }
QToolButton[role="heading"] { font-size: ${meta}px; color: $quiet; padding: 2px 6px; }
QToolButton::menu-indicator { image: none; }
QProgressBar { background: $line; border: none; border-radius: 3px; max-height: 6px; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QTableView QScrollBar:horizontal { background: $panel; }
QTableView#static QScrollBar:horizontal { background: $background; }
QScrollBar::handle { background: $border; border-radius: 3px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:vertical { margin: 0 2px; }
QScrollBar::handle:horizontal { margin: 2px 0; }
QScrollBar::handle:disabled { background: transparent; }
QScrollBar::handle:hover { background: $faint; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: none;
    width: 0; height: 0; }
QToolTip { background: $panel; color: $ink; border: 1px solid $line; padding: 6px; font-size: ${meta}px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QCheckBox, QRadioButton { color: $ink; spacing: 8px; }
QCheckBox { padding: 2px 2px 2px 0; }
QCheckBox::indicator { margin: 1px 2px 1px 0; }
QCheckBox::indicator:focus { margin: 0; }
QCheckBox:disabled { color: $faint; }
QRadioButton::indicator { width: ${box}px; height: ${box}px; border: 1px solid $quiet; border-radius: ${half}px;
    margin: 1px; }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; }
QRadioButton::indicator:focus { border: 2px solid $accent; margin: 0; }
QRadioButton::indicator:checked:focus { border-color: $ink; }
QCheckBox::indicator,
QTreeView::indicator { width: ${box}px; height: ${box}px; border: 1px solid $quiet; border-radius: 3px; }
QCheckBox::indicator:checked,
QTreeView::indicator:checked { background: $accent; border-color: $accent; image: url("$icons/check.svg"); }
QCheckBox::indicator:indeterminate,
QTreeView::indicator:indeterminate { background: $accent; border-color: $accent; image: url("$icons/minus.svg"); }
QCheckBox::indicator:disabled,
QTreeView::indicator:disabled { border-color: $line; }
QCheckBox::indicator:focus { border: 2px solid $accent; }
QCheckBox::indicator:checked:focus, QCheckBox::indicator:indeterminate:focus { border-color: $ink; }
QCheckBox::indicator:checked:disabled,
QTreeView::indicator:checked:disabled { background: $faint; border-color: $faint; }
""")


_CHOICES = {"light": LIGHT, "dark": DARK}


class Theme(QObject):
    """The current colour scheme and text size; follows the scheme of the system."""

    changed = Signal()  # after the palette and the style sheet have been replaced

    def __init__(self, app: QApplication, chosen: str = SCHEMES[0], percent: int = SMALLEST) -> None:
        super().__init__(app)
        self._app = app
        self.tokens = LIGHT
        self._chosen = chosen
        self._scale = min(max(percent, SMALLEST), LARGEST)
        self._apply_size()  # before the first widget measures text
        app.styleHints().colorSchemeChanged.connect(self.follow_system)

    def choose(self, scheme: str) -> None:
        """Set "light" or "dark"; any other value follows the system."""
        self._chosen = scheme
        self.follow_system()

    def follow_system(self) -> None:
        """Apply the scheme of the system, unless the user has chosen one."""
        if self._chosen in _CHOICES:
            self.apply(_CHOICES[self._chosen])
            return
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self.apply(DARK if dark else LIGHT)

    def scale(self, percent: int) -> None:
        """Set the text size, in per cent of the default."""
        self._scale = min(max(percent, SMALLEST), LARGEST)
        self.apply(self.tokens)

    def apply(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._app.setStyleSheet("")  # replacing an empty style sheet is four times as fast (measured)
        self._apply_size()
        self._app.setPalette(_palette(tokens))
        sheet = _SHEET.substitute(
            {f.name: getattr(tokens, f.name) for f in fields(Tokens)},
            meta=META,
            box=px(_BOX),
            half=px(_BOX) // 2,
            arrow=px(_ARROW),
            spin=px(_SPIN),
            reading=px(_READING),
            welcome=px(_WELCOME),
            icons=(resources() / "icons" / ("dark" if tokens is DARK else "light")).as_posix(),
        )
        self._app.setStyleSheet(re.sub(r"(?<=font-size: )\d+", lambda size: str(px(int(size[0]))), sheet))
        self.changed.emit()

    def _apply_size(self) -> None:
        font = self._app.font()
        font.setPixelSize(round(BODY * self._scale / 100))
        self._app.setFont(font)
        _face.cache_clear()
        px.cache_clear()

    def colour(self, name: str) -> QColor:
        return QColor(getattr(self.tokens, name))


@lru_cache(maxsize=256)  # painting a page scales hundreds of lengths
def px(size: int) -> int:
    """Scale a length in pixels from the default to the current text size.

    The font of the application has the current size; before a theme has set it, lengths are unchanged.
    """
    body = QGuiApplication.font().pixelSize()
    return round(size * body / BODY) if body > 0 else size


def font(size: int, *, strong: bool = False) -> QFont:
    """The interface font at a size in pixels."""
    return QFont(_face(px(size), strong))


@lru_cache(maxsize=64)  # painting a list asks for two fonts a row
def _face(pixels: int, strong: bool) -> QFont:
    face = QFont(QGuiApplication.font())
    face.setPixelSize(pixels)
    face.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return face


def code_font(size: int) -> QFont:
    """The fixed-width font of the system."""
    face = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    face.setPixelSize(px(size))
    return face


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, tokens.background),
        (QPalette.ColorRole.WindowText, tokens.ink),
        (QPalette.ColorRole.Base, tokens.panel),
        (QPalette.ColorRole.AlternateBase, tokens.background),
        (QPalette.ColorRole.Text, tokens.ink),
        (QPalette.ColorRole.Button, tokens.panel),
        (QPalette.ColorRole.ButtonText, tokens.ink),
        (QPalette.ColorRole.Highlight, tokens.selection),
        (QPalette.ColorRole.HighlightedText, tokens.ink),
        (QPalette.ColorRole.PlaceholderText, tokens.faint),
        (QPalette.ColorRole.Link, tokens.accent),
        (QPalette.ColorRole.ToolTipBase, tokens.panel),
        (QPalette.ColorRole.ToolTipText, tokens.ink),
    ):
        palette.setColor(role, QColor(colour))
    return palette
