"""Human answer classes of a workspace as training examples of a local judge."""

from typing import TYPE_CHECKING

from orbench_studio.instruments.assessment import Answered
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import judgements
from orbench_studio.store.judging.judgements import Labelled

if TYPE_CHECKING:
    from orbench_studio.instruments.local_judge import Example


def examples(workspace: Workspace, without: frozenset[int] = frozenset()) -> "list[Example]":
    """The human answer classes of the workspace as training examples, except those with any of these annotations."""
    with workspace.reading() as db:
        return [example_of(row) for row in judgements.labelled(db) if without.isdisjoint(row.annotation_ids)]


def example_of(row: Labelled) -> "Example":
    # Imported on first use: numpy takes long to import.
    from orbench_studio.instruments.local_judge import Example

    return Example(Answered(row.prompt, row.text, row.model), row.answer_class, row.annotation_ids)
