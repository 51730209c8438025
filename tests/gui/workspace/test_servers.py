"""A workspace on a server in the window: opened by its address, remembered without a password, faults in words."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QPushButton

from orbench_studio.gui.review.page import State
from orbench_studio.gui.workspace.server_dialog import ServerDialog
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.data.push_pull import push
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core.tables import WORKSPACE

SECRET = "open-sesame-31"
S = Qt.Key.Key_S


@pytest.fixture(scope="module")
def pushed(postgres, tmp_path_factory):
    """A workspace on the server with an owner, a reviewer, and somebody who has to give a password."""
    path = tmp_path_factory.mktemp("pushed") / "team.orbench"
    with demo_workspace(path) as workspace, workspace.writing() as db:
        db.execute(WORKSPACE.update().values(illustrative=False))
    server = postgres.new()
    push(path, server)
    postgres.admit("rita", server)
    postgres.admit("wary", server, options=f"PASSWORD '{SECRET}'")
    rules = postgres.folder / "data" / "pg_hba.conf"
    rules.write_text("host all wary 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    postgres.stop()
    postgres.start()
    return server


@pytest.fixture
def place(postgres, pushed):
    """A copy of it, which its owner has opened once."""
    server = postgres.new(pushed.database)
    open_workspace(server).close()
    for name in ("rita", "wary"):
        postgres.admit(name, server)
    return server


def dialog(studio):
    studio.wait(lambda: studio.window.findChild(ServerDialog) is not None)
    return studio.window.findChild(ServerDialog)


def answer(shown, address, password=""):
    shown.address.setText(str(address))
    shown.password.setText(password)
    button = shown.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_opened_by_its_address_and_from_the_recent_list(start, place):
    with start() as studio:
        studio.key(Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        answer(dialog(studio), place)
        studio.settle()
        assert place.database in studio.window.windowTitle()
        studio.window.activateWindow()  # as a window manager does once the dialog is gone
        studio.wait(studio.window.isActiveWindow)
        studio.press(S)
    with start() as studio:
        [button] = [b for b in studio.window.welcome.findChildren(QPushButton) if str(place) in b.text()]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        studio.settle()
        assert studio.page.model.ids()


def test_what_is_wrong_is_said_in_the_dialog(start, postgres, place):
    with start() as studio:
        studio.window.actions_table["open_server"].trigger()
        shown = dialog(studio)
        answer(shown, "db.example.org/hard1k")
        assert shown.status.text().endswith("of this form: postgresql://ada@db.example.org/hard1k")
        answer(shown, "postgresql://ada@db.example.org/")
        assert "names no database" in shown.status.text()
        answer(shown, postgres.address("nowhere"))
        studio.wait(lambda: "no database nowhere on the server" in shown.status.text())
        answer(shown, postgres.new())
        studio.wait(lambda: "contains no workspace" in shown.status.text())
        answer(shown, place)
        studio.settle()


def test_a_server_named_at_the_start_that_does_not_answer(start, postgres):
    with start() as studio:
        studio.application.open(postgres.address("nowhere"))
        shown = dialog(studio)
        assert shown.address.text() == str(postgres.address("nowhere"))
        assert "no database nowhere" in shown.status.text()
        assert studio.window.welcome.isVisible()


def test_a_password_is_asked_for_and_kept_nowhere(start, postgres, place, tmp_path):
    theirs = postgres.address(place.database, "wary")
    with start() as studio:
        studio.application.open(theirs)
        shown = dialog(studio)
        assert "is missing" in shown.status.text()
        answer(shown, theirs, "wrong")
        studio.wait(lambda: "Connecting" not in shown.status.text())
        assert "rejected the password" in shown.status.text()
        answer(shown, theirs, SECRET)
        studio.settle()
        studio.application.session.save_settings()
    with start() as studio:  # typed into the address, for once
        typed = str(theirs).replace("wary@", f"wary:{SECRET}@")
        studio.window.actions_table["open_server"].trigger()
        answer(dialog(studio), typed)
        studio.settle()
        studio.application.session.save_settings()
    assert str(theirs) in (tmp_path / "settings.json").read_text()
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in written if SECRET.encode() in file.read_bytes()]


@pytest.mark.parametrize("name", ["rita", "owner"])
def test_everybody_decides_under_the_name_of_the_login(start, postgres, place, name):
    theirs = postgres.address(place.database, name)
    with start() as studio:
        studio.application.session.settings.annotator = "somebody else"
        studio.application.open(theirs)
        studio.settle()
        decided = studio.shown()
        studio.press(S)
        studio.undo()
        studio.press(S)
        assert studio.window.top_bar.reviewer.text() == name
        studio.window.actions_table["reviewer"].trigger()
        assert f"under your user name, {name}" in studio.message()
        assert studio.page.state is State.SHOWN
        assert studio.application.session.settings.annotator == "somebody else"
    with open_workspace(place) as workspace:
        from orbench_studio.services.review import prompt_review

        assert prompt_review.load(workspace, decided).last_label(name).value == "safe"
