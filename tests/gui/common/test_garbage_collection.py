"""Garbage is collected on the window's thread: in another one, widgets of a closed window would be deleted there."""

import gc
import threading


def test_cycles_are_collected_on_the_windows_thread_only(start):
    collected_on = []

    class Cycle:
        def __init__(self):
            self.itself = self

        def __del__(self):
            collected_on.append(threading.get_ident())

    with start() as studio:
        Cycle()
        studio.application.operations.run(lambda: [[] for _ in range(100_000)] and None)
        studio.wait(lambda: not studio.application.operations.busy)
        kept = [[] for _ in range(10_000)]
        studio.wait(lambda: collected_on)
    assert set(collected_on) == {threading.get_ident()}
    assert gc.isenabled() and kept
