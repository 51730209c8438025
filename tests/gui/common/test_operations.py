"""Work off the window's thread: answers come one after the other, and never while the question is being asked."""

from concurrent.futures import wait
from contextlib import suppress
from threading import Event

from orbench_studio.gui.common.operations import Operations
from tests.gui.waiting import wait_until


def test_results_are_delivered_in_the_order_of_requests(qapp, monkeypatch):
    operations = Operations()
    submit = operations._thread.submit

    def done_at_once(*work):
        future = submit(*work)
        wait([future])  # as on a busy machine, where the window goes on later than the other thread
        return future

    message = []
    operations.run(lambda: "first", message.append)
    monkeypatch.setattr(operations._thread, "submit", done_at_once)
    operations.run(lambda: "second", message.append)
    assert message == [], "who asks is not answered in the middle of it"
    wait_until(lambda: len(message) == 2)
    assert message == ["first", "second"]
    operations.close()


def test_a_computation_without_an_end_does_not_outlive_the_window(qapp):
    operations, begun, message = Operations(), Event(), []

    def work():
        begun.set()
        while True:
            with suppress(Exception):  # no handler of errors keeps it
                sum(range(100))

    operations.run(work, message.append, message.append)
    operations.run(lambda: "next", message.append)
    begun.wait()
    operations.crashed.connect(message.append)
    operations.abandon(0)
    qapp.processEvents()
    assert message == []


def test_a_result_that_comes_after_the_end_is_closed(qapp):
    class Opened:
        is_closed = False

        def close(self):
            self.is_closed = True

    operations, opened = Operations(), Opened()
    operations.run(lambda: opened, lambda _result: None)
    operations.close()
    wait_until(lambda: not operations.busy)
    assert opened.is_closed
