"""Who may do what in a workspace on a server: PostgreSQL sees to it, whatever program somebody uses.

Whoever owns the database may do everything that the studio can do. A reviewer, member of the role below, adds decisions
under the own name, and changes nobody's. What follows from decisions is computed by whoever decides, so that reviewers
write that too; `check` finds what does not follow.
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
    """Make the role, where whoever asks may make roles, and give it its rights; once more does no harm."""
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
    """Whether whoever asks owns the workspace, and rights are missing: the role was made after the tables, say."""
    found = db.exec_driver_sql(
        "SELECT NOT relrowsecurity OR NOT has_table_privilege(role.oid, journal.oid, 'INSERT') "
        "FROM pg_class AS journal LEFT JOIN pg_roles AS role ON role.rolname = %s "
        "WHERE journal.oid = 'journal'::regclass AND pg_has_role(relowner, 'USAGE')",
        (REVIEWER,),
    )
    return bool(found.scalar())


def own_name(db: Connection) -> str | None:
    """The one name under which whoever asks can decide; None for the owner, who writes down others' decisions too."""
    return db.exec_driver_sql("SELECT current_user::text WHERE row_security_active('journal')").scalar()
