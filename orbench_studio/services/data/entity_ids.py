"""The ids of models, judges and annotators by their names; who is not there is added."""

from typing import Any

from sqlalchemy import Connection, Table

from orbench_studio.domain.core.model_family import family
from orbench_studio.formats.records import AnnotationDraft, JudgementDraft
from orbench_studio.store.core.bulk_insert import id_of
from orbench_studio.store.core.tables import ANNOTATORS, JUDGES, MODELS


class Names:
    """Looks each name up once. `simulated` holds for every model that is added."""

    def __init__(self, db: Connection, *, simulated: bool) -> None:
        self._db = db
        self._simulated = simulated
        self._ids: dict[tuple[str, ...], int] = {}

    def model(self, name: str, simulated: bool = False) -> int:
        """A model, as responder or moderator."""
        return self._id(MODELS, {"name": name}, simulated=simulated or self._simulated, family=family(name))

    def judge(self, draft: JudgementDraft) -> int:
        """The judge of a judgement."""
        return self._id(JUDGES, {"name": draft.judge, "kind": str(draft.kind)})

    def annotator(self, draft: AnnotationDraft) -> int:
        """The annotator of a decision."""
        return self._id(ANNOTATORS, {"name": draft.annotator})

    def _id(self, table: Table, named: dict[str, str], **defaults: Any) -> int:
        key = (table.name, *named.values())
        if key not in self._ids:
            self._ids[key] = id_of(self._db, table, named, **defaults)
        return self._ids[key]
