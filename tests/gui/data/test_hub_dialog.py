"""A dataset from the Hugging Face hub: search, licence, sizes, download with cancel and resume, import."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.gui.data.hub_dialog import HubDialog
from orbench_studio.gui.data.import_dialog import ImportDialog
from tests.hub import Hub, Repository

ROWS = b"prompt,category\n" + b"".join(b"How do I untie knot number %d?,privacy\n" % n for n in range(30_000))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    card = {"license": "cc-by-4.0", "configs": [{"config_name": "hard", "data_files": "hard.csv"}]}
    repositories = {
        "bench/knots": Repository({"README.md": b"", "hard.csv": ROWS}, card),
        "bench/gated-knots": Repository({"a.csv": ROWS}, gated=True),
        "bench/ropes": Repository({"a.png": b""}),
    }
    with Hub(repositories) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


def cells(table):
    rows = table.rows
    return [
        [rows.data(rows.index(row, column)) for column in range(rows.columnCount())] for row in range(rows.rowCount())
    ]


def test_a_dataset_is_searched_cancelled_resumed_and_imported(start, path, hub):
    with start(path) as studio:
        studio.window.actions_table["import_hub"].trigger()
        dialog = studio.window.findChild(HubDialog)
        assert cells(dialog.datasets)[0][0] == "bench-llm/or-bench"
        dialog.text.setText("knots")
        QTest.keyClick(dialog.text, "\r")
        studio.wait(lambda: len(cells(dialog.datasets)) == 2)
        assert cells(dialog.datasets) == [
            ["bench/knots", "", "1,200", "3"], ["bench/gated-knots", "gated", "1,200", "3"],
        ]  # fmt: skip
        dialog.datasets.selectRow(0)
        studio.wait(lambda: cells(dialog.parts) != [])
        assert "Licence: cc-by-4.0" in dialog.about.text()
        assert cells(dialog.parts) == [["hard", "train", "1", "1.19 MiB"]]
        dialog._progressed.connect(lambda *_: dialog._cancelled.set(), Qt.ConnectionType.DirectConnection)
        dialog.download.click()
        studio.wait(lambda: not dialog.busy)
        assert "Download it again to resume" in dialog.status.text()
        dialog._progressed.disconnect()
        dialog.download.click()
        studio.wait(lambda: studio.window.findChild(ImportDialog) is not None)
        importing = studio.window.findChild(ImportDialog)
        studio.wait(lambda: not importing.run.running)
        assert importing.run.files[0].report.imported == 30_000
        importing.reject()
    resumed = [first for _, request, first in hub.requests if request.endswith("/hard.csv") and first]
    assert resumed, "the second download asks for the missing bytes only"


def test_a_gated_and_an_unreadable_dataset_say_what_to_do(start, path, hub):
    with start(path) as studio:
        dialog = HubDialog(studio.window, studio.application.session)
        dialog.open()
        dialog.text.setText("hf://bench/")
        dialog.search.click()
        studio.wait(lambda: len(cells(dialog.datasets)) == 3)
        dialog.datasets.selectRow(1)
        studio.wait(lambda: cells(dialog.parts) != [])
        assert "Gated: accept the conditions" in dialog.about.text()
        dialog.download.click()
        studio.wait(lambda: "is gated: its owner asks" in dialog.status.text())
        dialog.datasets.selectRow(2)
        studio.wait(lambda: "No file of this dataset can be read" in dialog.status.text())
        assert not dialog.download.isEnabled()
        dialog.reject()
