"""Audits of a subset: its prompts, and whether the refusals of the audited models selected them."""

from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.services.audit.audit_counts import AuditCounts
from orbench_studio.services.curation.subsets import saved_subset
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import candidates


def counts_of_subset(counts: AuditCounts, workspace: Workspace, name: str) -> AuditCounts:
    """Return the counts of a subset's prompts. Raises StudioError if the workspace has no such subset."""
    subset = saved_subset(workspace, name)
    recipe = read_recipe(subset.recipe)
    with workspace.reading() as db:
        families = candidates.families_of_models(db)
    selecting = [model for model in counts.names if not recipe.of or families.get(model) in recipe.of]
    bias = recipe.selection_bias if selecting else ""
    if bias:
        bias += f" Selected by their refusals: {len(selecting):,} of the {len(counts.names):,} models of this audit."
    return counts.of_prompts(subset.prompt_ids, name, bias, without_first=recipe.measures_others)
