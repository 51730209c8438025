"""Permissions in a workspace on a server. PostgreSQL enforces them, also against other programs.

The owner of the database may do everything. A reviewer, a member of the role below, adds decisions under the own name
and cannot change others. Derived values are computed by the process that decides, so reviewers write them too; `check`
finds wrong ones.
"""

from sqlalchemy import Connection

REVIEWER = "orbench_reviewer"

# What reviewers do besides reading. A revision that makes a table they write to adds it here.
_REVIEWERS_DO = {
    "annotators": "INSERT",
    "journal": "INSERT",
    "annotations": "INSERT",
    "views": "INSERT, DELETE",
    "prompt_states": "INSERT, UPDATE, DELETE",
    "response_states": "INSERT, UPDATE, DELETE",
    "team_members": "INSERT, UPDATE (reached, seen_at)",
    "team_prompts": "UPDATE (labels, room)",
    "team_claims": "INSERT, UPDATE, DELETE",
}
_OWN = "(SELECT id FROM annotators WHERE name = current_user::text)"
# Except for the owner: entries can be added and undone only under one's own name.
_ONLY_UNDER_THE_OWN_NAME = {
    "annotators": "name = current_user::text",
    "journal": f"annotator_id = {_OWN} AND (target_id IS NULL OR EXISTS (SELECT FROM journal AS target "
    "WHERE target.id = journal.target_id AND target.annotator_id = journal.annotator_id))",
    "annotations": f"annotator_id = {_OWN} AND EXISTS (SELECT FROM journal "
    "WHERE journal.id = journal_id AND journal.annotator_id = annotations.annotator_id)",
}


def give(db: Connection) -> None:
    """Create the role, if the user may create roles, and grant its rights; can be repeated."""
    db.exec_driver_sql(
        f"DO $$ BEGIN CREATE ROLE {REVIEWER} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$"
    )
    for table, own in _ONLY_UNDER_THE_OWN_NAME.items():
        db.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        db.exec_driver_sql(f"DROP POLICY IF EXISTS everybody_reads ON {table}")
        db.exec_driver_sql(f"DROP POLICY IF EXISTS own_name ON {table}")
        db.exec_driver_sql(f"CREATE POLICY everybody_reads ON {table} FOR SELECT USING (true)")
        db.exec_driver_sql(f"CREATE POLICY own_name ON {table} FOR INSERT WITH CHECK ({own})")
    if has_reviewers(db):
        db.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {REVIEWER}")
        db.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {REVIEWER}")
        for table, privileges in _REVIEWERS_DO.items():
            db.exec_driver_sql(f"GRANT {privileges} ON {table} TO {REVIEWER}")
        db.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {REVIEWER}")


def has_reviewers(db: Connection) -> bool:
    """Whether the server has the role."""
    return db.exec_driver_sql("SELECT to_regrole(%s)", (REVIEWER,)).scalar() is not None


def are_due(db: Connection) -> bool:
    """Whether the user owns the workspace and rights are missing, because the role was made after the tables."""
    found = db.exec_driver_sql(
        "SELECT NOT relrowsecurity OR NOT has_table_privilege(role.oid, journal.oid, 'INSERT') "
        "FROM pg_class AS journal LEFT JOIN pg_roles AS role ON role.rolname = %s "
        "WHERE journal.oid = 'journal'::regclass AND pg_has_role(relowner, 'USAGE')",
        (REVIEWER,),
    )
    return bool(found.scalar())


def own_name(db: Connection) -> str | None:
    """The only name under which the user can decide; None for the owner, who can also import others' decisions."""
    return db.exec_driver_sql("SELECT current_user::text WHERE row_security_active('journal')").scalar()
