"""Import from the clipboard: files copied in a file manager, a table from a spreadsheet, or prompts one per line."""

import json
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication


def clipboard_files(folder: Path) -> list[Path]:
    """The files on the clipboard; a text becomes a new file in the folder. Empty if there is nothing to import."""
    content = QGuiApplication.clipboard().mimeData() or QMimeData()  # None where it is empty
    files = [Path(url.toLocalFile()) for url in content.urls() if url.isLocalFile()]
    text = content.text()
    if files or not text.strip():
        return files
    name = f"clipboard {datetime.now().astimezone():%Y-%m-%d %H-%M-%S}"
    if "\t" in text:
        file = folder / f"{name}.tsv"
        file.write_text(text, encoding="utf-8")
    else:
        file = folder / f"{name}.jsonl"
        prompts = [line.strip() for line in text.splitlines() if line.strip()]
        file.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts), encoding="utf-8")
    return [file]
