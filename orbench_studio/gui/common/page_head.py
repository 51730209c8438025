"""The head of a page: title, buttons and status, laid out the same on every page that has one."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.widgets import label


def page_head(title: str, buttons: Sequence[QWidget], *below: QWidget) -> QVBoxLayout:
    """Lay out the title with buttons beside it, and further widgets below."""
    heading = label(title, "title")
    heading.setContentsMargins(0, 0, 24, 0)
    line = Flow(heading, *buttons)
    return column_layout(None, line, *below, margins=(40, 16, 40, 8), spacing=8)
