"""The first workspace: every table, the search over prompts, and a journal that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _create_annotators()
    _create_batches()
    _create_judges()
    _create_models()
    _create_sources()
    _create_subsets()
    _create_workspace()
    _create_journal()
    _create_seeds()
    _create_prompts()
    _create_batch_items()
    _create_prompt_states()
    _create_subset_prompts()
    _create_responses()
    _create_annotations()
    _create_judgements()
    _create_response_states()
    _create_votes()
    _create_search()
    _protect_journal()


def _create_annotators() -> None:
    op.create_table(
        "annotators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_annotators"),
        sa.UniqueConstraint("name", name="uq_annotators_name"),
    )


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )


def _create_judges() -> None:
    op.create_table(
        "judges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_judges"),
        sa.UniqueConstraint("name", "kind", name="uq_judges_name_kind"),
    )


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("name", name="uq_models_name"),
    )


def _create_sources() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
    )


def _create_subsets() -> None:
    op.create_table(
        "subsets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subsets"),
        sa.UniqueConstraint("name", name="uq_subsets_name"),
    )


def _create_workspace() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("illustrative", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
    )


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotators.id"], name="fk_journal_annotator_id_annotators"),
        sa.ForeignKeyConstraint(["target_id"], ["journal.id"], name="fk_journal_target_id_journal"),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_annotator_id", "journal", ["annotator_id"], unique=False)
    op.create_index("ix_journal_target_id", "journal", ["target_id"], unique=False)


def _create_seeds() -> None:
    op.create_table(
        "seeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_seeds_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_seeds"),
        sa.UniqueConstraint("identity", name="uq_seeds_identity"),
    )


def _create_prompts() -> None:
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("seed_id", sa.Integer(), nullable=True),
        sa.Column("reference_label", sa.String(), nullable=True),
        sa.Column("external_key", sa.String(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["seed_id"], ["seeds.id"], name="fk_prompts_seed_id_seeds"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_prompts_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_prompts"),
        sa.UniqueConstraint("external_key", name="uq_prompts_external_key"),
        sa.UniqueConstraint("identity", name="uq_prompts_identity"),
    )
    op.create_index("ix_prompts_seed_id", "prompts", ["seed_id"], unique=False)


def _create_batch_items() -> None:
    op.create_table(
        "batch_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_batch_items_batch_id_batches"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_batch_items_model_id_models"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_batch_items_prompt_id_prompts"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_items"),
        sa.UniqueConstraint(
            "batch_id", "prompt_id", "model_id", "sample", name="uq_batch_items_batch_id_prompt_id_model_id_sample"
        ),
    )


def _create_prompt_states() -> None:
    op.create_table(
        "prompt_states",
        sa.Column("prompt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("final_label", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("consensus", sa.String(), nullable=True),
        sa.Column("veto", sa.String(), nullable=False),
        sa.Column("votes", sa.String(), nullable=False),
        sa.Column("disagreement", sa.Boolean(), nullable=False),
        sa.Column("responses", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("noted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_prompt_states_prompt_id_prompts"),
        sa.PrimaryKeyConstraint("prompt_id", name="pk_prompt_states"),
    )
    op.create_index("ix_prompt_states_refusals", "prompt_states", ["refusals"], unique=False)
    op.create_index(
        "ix_prompt_states_disagreement_refusals",
        "prompt_states",
        ["disagreement", "refusals"],
        unique=False,
    )


def _create_subset_prompts() -> None:
    op.create_table(
        "subset_prompts",
        sa.Column("subset_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_subset_prompts_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["subset_id"], ["subsets.id"], name="fk_subset_prompts_subset_id_subsets"),
        sa.PrimaryKeyConstraint("subset_id", "position", name="pk_subset_prompts"),
    )
    op.create_index("ix_subset_prompts_prompt_id", "subset_prompts", ["prompt_id"], unique=False)


def _create_responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stop_reason", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("reference_class", sa.String(), nullable=True),
        sa.Column("batch_item_id", sa.Integer(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch_item_id"], ["batch_items.id"], name="fk_responses_batch_item_id_batch_items"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_responses_model_id_models"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_responses_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_responses_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
        sa.UniqueConstraint("prompt_id", "model_id", "identity", name="uq_responses_prompt_id_model_id_identity"),
    )
    op.create_index("ix_responses_model_id", "responses", ["model_id"], unique=False)


def _create_annotations() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=True),
        sa.Column("aspect", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("visible", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotators.id"], name="fk_annotations_annotator_id_annotators"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_annotations_journal_id_journal"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_annotations_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name="fk_annotations_response_id_responses"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_annotations_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
    )
    op.create_index("ix_annotations_journal_id", "annotations", ["journal_id"], unique=False)
    op.create_index("ix_annotations_prompt_id", "annotations", ["prompt_id"], unique=False)
    op.create_index("ix_annotations_response_id", "annotations", ["response_id"], unique=False)


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("judge_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("answer_class", sa.String(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("evidence_start", sa.Integer(), nullable=True),
        sa.Column("evidence_end", sa.Integer(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["judge_id"], ["judges.id"], name="fk_judgements_judge_id_judges"),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name="fk_judgements_response_id_responses"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_judgements_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_judgements"),
        sa.UniqueConstraint("response_id", "judge_id", "identity", name="uq_judgements_response_id_judge_id_identity"),
    )


def _create_response_states() -> None:
    op.create_table(
        "response_states",
        sa.Column("response_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("answer_class", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_response_states_model_id_models"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_response_states_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name="fk_response_states_response_id_responses"),
        sa.PrimaryKeyConstraint("response_id", name="pk_response_states"),
    )
    op.create_index(
        "ix_response_states_prompt_id_answer_class", "response_states", ["prompt_id", "answer_class"], unique=False
    )


def _create_votes() -> None:
    op.create_table(
        "votes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=True),
        sa.Column("moderator_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["moderator_id"], ["models.id"], name="fk_votes_moderator_id_models"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_votes_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name="fk_votes_response_id_responses"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_votes_source_id_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
        sa.UniqueConstraint("prompt_id", "moderator_id", "identity", name="uq_votes_prompt_id_moderator_id_identity"),
    )


def _create_search() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX prompt_search ON prompts USING gin (text gin_trgm_ops)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE prompt_search USING fts5("
        "text, content='prompts', content_rowid='id', tokenize='trigram', detail='full')"
    )


def _protect_journal() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _protect_journal_on_server()
        return
    for name in ("journal", "annotations"):
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_{deed.lower()} BEFORE {deed} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, 'the {name} only grow: decisions are never changed or deleted'); END"
            )


def _protect_journal_on_server() -> None:
    op.execute(
        "CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the % only grow: decisions are never changed or deleted', TG_TABLE_NAME; END $$"
    )
    for name in ("journal", "annotations"):
        op.execute(
            f"CREATE TRIGGER {name}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION only_grows()"
        )
