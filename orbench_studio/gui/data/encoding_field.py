"""The encoding of a file to import: a choice where its bytes are not UTF-8."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.data.import_run import FileToImport

_TITLES = {
    "": "UTF-8",
    "cp1252": "cp1252 (Western Europe)",
    "cp1250": "cp1250 (Central Europe)",
    "cp1251": "cp1251 (Cyrillic)",
    "koi8_r": "koi8_r (Cyrillic)",
    "gb18030": "gb18030 (Chinese)",
    "big5": "big5 (Chinese)",
    "shift_jis": "shift_jis (Japanese)",
    "euc_jp": "euc_jp (Japanese)",
    "cp949": "cp949 (Korean)",
    "cp1253": "cp1253 (Greek)",
    "cp1254": "cp1254 (Turkish)",
    "cp1255": "cp1255 (Hebrew)",
    "cp1256": "cp1256 (Arabic)",
    "cp874": "cp874 (Thai)",
}


class EncodingField(QWidget):
    """Shown for a file that is not UTF-8; the likeliest encoding stands first after UTF-8, and is never chosen."""

    changed = Signal(str)  # with the encoding that the user chose; empty for UTF-8

    def __init__(self) -> None:
        super().__init__()
        self.box = ComboBox()
        self.box.setAccessibleName(tr("Encoding"))
        caption = label(tr("&Encoding"), "meta")
        caption.setBuddy(self.box)
        row_layout(self, caption, self.box)
        set_tip(self.box, tr("Check the texts in the table above after you choose an encoding"))
        self.box.activated.connect(lambda at: self.changed.emit(self.box.itemData(at)))
        self.hide()

    def show_file(self, file: FileToImport | None) -> None:
        self.setVisible(file is not None and (bool(file.encoding) or file.wants == "encoding"))
        if file is None:
            return
        likely = file.likely_encoding
        self.box.clear()
        self.box.addItem(tr(_TITLES[""]), "")
        if likely not in ("", "utf-8"):
            title = tr("{encoding}, probably").format(encoding=tr(_TITLES.get(likely, likely)))
            self.box.addItem(title, likely)
        for name, title in _TITLES.items():
            if name not in ("", likely):
                self.box.addItem(tr(title), name)
        self.box.setCurrentIndex(max(self.box.findData(file.encoding or ""), 0))
        self.box.setEnabled(not file.taken)
