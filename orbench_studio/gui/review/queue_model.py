"""The queue as a list model: all ids at once, rows loaded in pages when they become visible."""

from array import array
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from orbench_studio.domain.review.beginnings import shared_beginnings
from orbench_studio.domain.review.queue import QueueRow, Status

PAGE = 64  # rows loaded together
Index = QModelIndex | QPersistentModelIndex

ROW = Qt.ItemDataRole.UserRole
BEGIN = Qt.ItemDataRole.UserRole + 1  # characters of the text that other rows begin with, too


class QueueModel(QAbstractListModel):
    """Rows of the queue. `data` returns a QueueRow for the role ROW, or None until it is loaded."""

    progressed = Signal()  # when the number of prompts or of decided ones may have changed
    wanted = Signal(object)  # a list of prompt ids whose rows `put` should receive

    def __init__(self) -> None:
        super().__init__()
        self._ids: array[int] = array("q")
        self._places: dict[int, int] = {}
        self._rows: dict[int, QueueRow] = {}
        self._beginnings: dict[int, int] = {}
        self._asked: set[int] = set()
        self._inserted = False
        self._decided: set[int] = set()
        self._marks: list[tuple[int, bool]] = []  # prompts that were marked, with whether they are decided
        self._repeats = 0
        self._decided_repeats: set[int] = set()
        self.shown_as: Callable[[QueueRow], QueueRow] = lambda row: row  # covers texts

    def repaint(self) -> None:
        """Repaint all rows after `shown_as` has changed."""
        if self._ids:
            self.dataChanged.emit(self.index(0), self.index(len(self._ids) - 1), [ROW])

    @property
    def prompts(self) -> int:
        """How many prompts the queue has, without those shown again."""
        return len(self._ids) - self._repeats

    @property
    def decided(self) -> int:
        """How many prompts of the queue are decided."""
        return len(self._decided)

    def set_decided(self, prompt_ids: Iterable[int]) -> None:
        self._decided = set(prompt_ids)
        self.progressed.emit()

    @property
    def marks(self) -> int:
        """How often a prompt was marked."""
        return len(self._marks)

    def with_marks(self, decided: Iterable[int], since: int) -> frozenset[int]:
        """The decided prompts of a queue that was read while prompts were marked: the marks are newer."""
        newer = dict(self._marks[since:])
        return frozenset(of for of in {*decided, *newer} if newer.get(of, True))

    def mark_decided(self, prompt_id: int, *, decided: bool) -> None:
        if self.place_of(prompt_id) is None:
            return
        known = self._decided if prompt_id > 0 else self._decided_repeats
        if prompt_id > 0:
            self._marks.append((prompt_id, decided))
        if decided != (prompt_id in known):
            known ^= {prompt_id}
            self.progressed.emit()

    def undecided_from(self, place: int) -> int:
        """The first place from this one on whose prompt is not decided; the end of the queue if there is none."""
        decided = self._decided | self._decided_repeats
        return next((at for at in range(place, len(self._ids)) if self._ids[at] not in decided), len(self._ids))

    def number(self, place: int) -> int:
        """The number of a row from 1; a prompt that was shown again has none of its own once it is decided."""
        repeats = (self.place_of(prompt_id) for prompt_id in self._decided_repeats)
        return min(place + 1 - sum(at is not None and at <= place for at in repeats), self.prompts)

    def reset(self, ids: "array[int]", stays: int | None = None) -> None:
        """Show another queue; `stays` remains in it, before the prompt that followed, until it is loaded again."""
        here = self.place_of(stays)
        if stays is not None and here is not None and stays not in ids:
            places = {prompt_id: place for place, prompt_id in enumerate(ids)}
            following = (places[after] for after in self._ids[here + 1 :] if after in places)
            ids.insert(next(following, len(ids)), stays)
        self.beginResetModel()
        self._ids = ids
        self._inserted = stays is not None and stays < 0
        self._repeats = int(self._inserted)
        self._decided_repeats.clear()
        self._places = {}
        self._rows.clear()
        self._asked.clear()
        self.endResetModel()

    def insert(self, place: int, row: QueueRow) -> None:
        """Insert a row until the queue is loaded again."""
        self.beginInsertRows(QModelIndex(), place, place)
        self._ids.insert(place, row.prompt_id)
        self._places = {}
        self._rows[row.prompt_id] = row
        self._inserted = True
        self._repeats += row.prompt_id < 0
        self.endInsertRows()
        self.progressed.emit()

    def put(self, rows: Iterable[QueueRow]) -> None:
        arrived = {row.prompt_id: row for row in rows}
        self._rows.update(arrived)
        if len(arrived) > 1:
            texts = [row.text for row in arrived.values()]
            self._beginnings.update(zip(arrived, shared_beginnings(texts), strict=True))
        places = [place for prompt_id in arrived if (place := self.place_of(prompt_id)) is not None]
        if places:
            self.dataChanged.emit(self.index(min(places)), self.index(max(places)), [ROW])

    def refresh(self, prompt_ids: Iterable[int]) -> None:
        """Reload the rows of these prompts if they were loaded; the old rows stay visible until then."""
        known = [prompt_id for prompt_id in prompt_ids if prompt_id in self._rows]
        if known:
            self.wanted.emit(known)

    def id_at(self, place: int) -> int | None:
        """The prompt at a place; None outside the queue."""
        return self._ids[place] if 0 <= place < len(self._ids) else None

    def place_of(self, prompt_id: int | None) -> int | None:
        """The place of a prompt; None for None, or where the queue does not have it."""
        if not self._places:
            self._places = {id_: place for place, id_ in enumerate(self._ids)}
        return self._places.get(prompt_id) if prompt_id is not None else None

    def ids(self) -> Sequence[int]:
        """All prompts in order, without those shown again, whose ids are negative."""
        return self._ids if not self._inserted else array("q", (of for of in self._ids if of > 0))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows.get(self._ids[index.row()])
        if row is None:
            self._ask(index.row())
            return None
        shown = self.shown_as(row)
        row = row if shown == row else shown  # a covered text has no beginning
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            decided = row.final_label if row.status is Status.DECIDED else None
            return f"{row.text}, {decided or row.status}"
        if role == BEGIN:
            return self._beginnings.get(row.prompt_id, 0) if row is self._rows[row.prompt_id] else 0
        return row if role == ROW else None

    def _ask(self, place: int) -> None:
        start = place - place % PAGE
        missing = [i for i in self._ids[start : start + PAGE] if i not in self._rows and i not in self._asked]
        if missing:
            self._asked.update(missing)
            self.wanted.emit(missing)
