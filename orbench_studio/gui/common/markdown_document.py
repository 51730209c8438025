"""Fills a text document with Markdown, and knows which character of the source is where in it."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtGui import (
    QBrush,
    QFont,
    QFontMetrics,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
)

from orbench_studio.gui.common.markdown import Block, Kind, Piece, Style
from orbench_studio.gui.common.theme import Theme, code_font, font, px

_SPACE = 8  # pixels after an empty line
_INDENT = 20
_PADDING = 4  # of a table's cells
_HEADING = {1: 6, 2: 4, 3: 2}  # pixels more than the text


class Segment(NamedTuple):
    """A span of the source at a position of the document; positions count UTF-16 units."""

    position: int
    start: int
    end: int


def utf16(text: str) -> int:
    """The length of a text as Qt counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_SAME_BLOCK = "\u2028"  # a new line of the same paragraph, as long as the line feed; code has one background


class MarkdownWriter:
    """Writes blocks into a document at a cursor, inside of one edit block."""

    def __init__(self, document: QTextDocument, source: str, theme: Theme, size: int, line: int) -> None:
        self.segments: list[Segment] = []
        self._cursor = QTextCursor(document)
        self._source = source
        self._theme = theme
        self._size = size
        self._line = line
        self._formats: dict[tuple[Style, int], QTextCharFormat] = {}

    def write(self, blocks: Sequence[Block]) -> None:
        """Write the blocks; the document is empty before."""
        self._cursor.beginEditBlock()
        for place, block in enumerate(blocks):
            if block.kind is Kind.TABLE:
                self._table(block)
            else:
                self._paragraph(block, first=place == 0)
        self._cursor.endEditBlock()

    def _paragraph(self, block: Block, *, first: bool) -> None:
        lines = self._block_format(block)
        if first or self._after_table():
            self._cursor.setBlockFormat(lines)
        else:
            self._cursor.insertBlock(lines, QTextCharFormat())
        if block.marker:
            self._cursor.insertText(f"{block.marker} ", self._format(Style.PLAIN, 0))
        self._pieces(block.pieces, block.level if block.kind is Kind.HEADING else 0, quote=block.kind is Kind.QUOTE)

    def _after_table(self) -> bool:
        """Whether the cursor is in the empty paragraph that Qt puts after a table."""
        block = self._cursor.block()
        return block.length() == 1 and self._cursor.position() == block.position() and self._new

    _new = False  # the last block was a table

    def _pieces(self, pieces: Sequence[Piece], heading: int = 0, *, quote: bool = False) -> None:
        self._new = False
        for piece in pieces:
            self.segments.append(Segment(self._cursor.position(), piece.start, piece.end))
            form = self._format(piece.style, heading)
            if quote:
                form = QTextCharFormat(form)
                form.setForeground(self._theme.colour("quiet"))
            text = self._source[piece.start : piece.end]
            self._cursor.insertText(text.replace("\n", _SAME_BLOCK), form)

    def _table(self, block: Block) -> None:
        form = QTextTableFormat()
        form.setCellPadding(px(_PADDING))
        form.setBorderCollapse(True)
        form.setBorder(1)
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setBorderBrush(QBrush(self._theme.colour("line")))
        form.setTopMargin(px(_SPACE))
        form.setBottomMargin(px(_SPACE))
        form.setHeaderRowCount(1)
        table = self._cursor.insertTable(len(block.rows), len(block.rows[0]), form)
        for row, cells in enumerate(block.rows):
            for column, pieces in enumerate(cells):
                self._cursor = table.cellAt(row, column).firstCursorPosition()
                strong = Style.STRONG if row == 0 else Style.PLAIN
                self._pieces([piece._replace(style=piece.style | strong) for piece in pieces])
        self._cursor = table.lastCursorPosition()
        self._cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
        self._new = True

    def _block_format(self, block: Block) -> QTextBlockFormat:
        lines = QTextBlockFormat()
        lines.setLineHeight(px(self._line), QTextBlockFormat.LineHeightTypes.MinimumHeight.value)
        lines.setTopMargin(px(_SPACE) if block.spaced else 0)
        if block.kind is Kind.ITEM:
            hanging = QFontMetrics(font(self._size)).horizontalAdvance(f"{block.marker} ")
            lines.setLeftMargin(px(_INDENT) * block.level + hanging)
            lines.setTextIndent(-hanging)
        elif block.kind in (Kind.QUOTE, Kind.CODE):
            lines.setLeftMargin(px(_INDENT) * max(block.level, 1))
        elif block.kind is Kind.RULE:
            width = QTextLength(QTextLength.Type.PercentageLength, 100)
            lines.setProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth, width)
        if block.kind is Kind.CODE:
            lines.setBackground(self._theme.colour("background"))
        return lines

    def _format(self, style: Style, heading: int) -> QTextCharFormat:
        if (style, heading) not in self._formats:
            self._formats[style, heading] = self._new_format(style, heading)
        return self._formats[style, heading]

    def _new_format(self, style: Style, heading: int) -> QTextCharFormat:
        size = self._size + _HEADING.get(heading, 1 if heading else 0)
        form = QTextCharFormat()
        form.setFont(code_font(size - 1) if Style.CODE in style else font(size))
        form.setForeground(self._theme.colour("ink"))
        if heading or Style.STRONG in style:
            form.setFontWeight(QFont.Weight.DemiBold)
        form.setFontItalic(Style.EMPHASIS in style)
        form.setFontStrikeOut(Style.STRIKE in style)
        form.setFontUnderline(Style.LINK in style)
        return form
