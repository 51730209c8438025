"""Roles and privileges in a workspace on a server. PostgreSQL enforces them, also against other programs.

Each database has its own two roles, named after it: members of `NAME_reviewer` add decisions under their own name, and
members of `NAME_adjudicator` also adjudicate. Only they and the owner can connect. What rows may contain is in
`server_rules`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection

from orbench_studio.domain.team.role import Role
from orbench_studio.errors import WorkspaceError
from orbench_studio.store.core.tables import JOURNAL
from orbench_studio.store.workspace import server_rules

if TYPE_CHECKING:
    import psycopg  # files work without the driver

LONGEST = 63  # bytes of a name in PostgreSQL
_LEGACY = "orbench_reviewer"  # the reviewers of all workspaces on a server, before format 15
# All but the summary, which names what was decided; the rules read `xmin`.
_JOURNAL = [*(column.name for column in JOURNAL.columns if column.name != "summary"), "xmin"]

_EVERYBODY = {"schema public": "USAGE"}  # what PUBLIC may do

# What reviewers do besides reading. Ids come from sequences. A revision that makes a table they write to adds it here.
_REVIEWERS_DO = {
    "annotators": "INSERT (name)",
    "journal": "INSERT (uuid, kind, annotator_id, at, counter, summary, target_id, guideline_id)",
    "annotations": "INSERT (journal_id, annotator_id, prompt_id, response_id, aspect, value, reason, visible)",
    "views": "INSERT (name, query, created_at), DELETE",
    "prompt_states": "INSERT, UPDATE",
    "response_states": "INSERT, UPDATE",
    "team_members": "INSERT (queue_id, annotator_id, invited, share, categories, reached, seen_at), "
    "UPDATE (reached, seen_at)",
    "team_prompts": "UPDATE (labels, room)",
    "team_claims": "INSERT (queue_id, team_prompt_id, annotator_id, state, until, after), "
    "UPDATE (state, until), DELETE",
}


def role_name(db: Connection, role: Role) -> str:
    """The name of a role of this database. Raises WorkspaceError where it would be too long for PostgreSQL."""
    database = str(db.exec_driver_sql("SELECT current_database()").scalar_one())
    if len(f"{database}_{role}".encode()) > LONGEST:
        most = LONGEST - len(f"_{Role.ADJUDICATOR}")
        raise WorkspaceError(f"The name of the database is longer than {most} bytes: {database}. Use a shorter name.")
    return f"{database}_{role}"


def give(db: Connection) -> None:
    """Install the rules, create the roles if the user may create roles, and grant their rights; can be repeated."""
    server_rules.install(db)
    _give_roles(db)


def give_missing(db: Connection) -> None:
    """Do what `give` does, but leave out what is there already: a copied database lacks only its own roles."""
    if server_rules.are_installed(db):
        _give_roles(db)
    else:
        give(db)


def _give_roles(db: Connection) -> None:
    reviewer, adjudicator = (_quoted(role_name(db, role)) for role in Role)
    server_rules.run(db, [_created(role) for role in (reviewer, adjudicator)])
    if not has_reviewers(db):
        return
    statements = [
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + other for other in (*_strangers(db), reviewer, adjudicator)
    ]
    statements += [
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reviewer}",
        f"REVOKE SELECT ON journal FROM {reviewer}",
        f"GRANT SELECT ({', '.join(_JOURNAL)}) ON journal TO {reviewer}",
        *(f"GRANT {privileges} ON {table} TO {reviewer}" for table, privileges in _REVIEWERS_DO.items()),
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {reviewer}",
    ]
    if _owns_database(db):
        database = _quoted(str(db.exec_driver_sql("SELECT current_database()").scalar_one()))
        statements += [
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",  # a server upgraded from version 14 gave it
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {database} TO {reviewer}",
        ]
    server_rules.run(db, statements)
    server_rules.run(db, [_member(adjudicator, reviewer)])


def restore(db: Connection) -> None:
    """Revoke rights on tables that are not part of this version, and grant those that are."""
    others = {role for _privilege, _what, role in _rights(db) if role != role_name(db, Role.REVIEWER)}
    for role in others:
        name = role if role == "PUBLIC" else _quoted(role)
        server_rules.run(db, [f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"])
    _give_roles(db)


def has_reviewers(db: Connection) -> bool:
    """Whether the server has both roles of this database."""
    return all(db.exec_driver_sql("SELECT to_regrole(%s)", (_quoted(role_name(db, r)),)).scalar() for r in Role)


def remaining_step(db: Connection) -> str:
    """What an administrator of the server must do before people can be added; empty if nothing."""
    if has_reviewers(db):
        return ""
    created = " ".join(f"CREATE ROLE {_quoted(role_name(db, role))} NOLOGIN;" for role in Role)
    reviewer, adjudicator = (_quoted(role_name(db, role)) for role in Role)
    return (
        "You are not allowed to create roles on this server. To add reviewers, ask an administrator to run in any "
        f"database: {created} GRANT {reviewer} TO {adjudicator}; then open the workspace once to grant the roles "
        "their rights."
    )


def are_due(db: Connection) -> bool:
    """Whether the user owns the workspace, and rules of this version or rights of its roles are missing.

    Rights are missing if the roles were made after the tables, or if the database is a copy of another.
    """
    owns = db.exec_driver_sql(
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'journal'::regclass"
    ).scalar()
    if not owns:
        return False
    return not server_rules.are_installed(db) or not _have_rights(db)


def differences(db: Connection) -> Iterator[str]:
    """Describe rights that neither the owner nor the reviewers of this workspace have by this version."""
    reviewer = role_name(db, Role.REVIEWER)
    for privilege, what, role in _rights(db):
        expected = f"{_REVIEWERS_DO.get(what, '')} SELECT CONNECT" if role == reviewer else _EVERYBODY.get(what, "")
        if privilege not in expected.replace(",", "").split():
            yield f"privilege {privilege} on {what} for {role} is not part of the schema"
    risky = db.exec_driver_sql(
        "SELECT m.rolname FROM pg_roles AS m JOIN pg_roles AS r ON r.rolname = %s "
        "AND pg_has_role(m.oid, r.oid, 'MEMBER') WHERE m.rolbypassrls AND NOT m.rolsuper",
        (reviewer,),
    )
    yield from (f"row security does not apply to {name}, who has BYPASSRLS" for name in risky.scalars())


def _rights(db: Connection) -> list[tuple[str, str, str]]:
    """The rights that were granted: privilege, table (or schema, or database) and role."""
    tables = "FROM pg_class AS c WHERE c.relkind IN ('r', 'v') AND c.relnamespace = 'public'::regnamespace"
    found = db.exec_driver_sql(
        "SELECT acl.privilege_type, of.name, coalesce(r.rolname, 'PUBLIC') FROM ("
        f"SELECT c.relname, c.relacl, c.relowner {tables} UNION ALL "
        "SELECT c.relname, a.attacl, c.relowner "
        f"{tables.replace('WHERE', 'JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE')} UNION ALL "
        "SELECT 'schema public', nspacl, nspowner FROM pg_namespace WHERE nspname = 'public' UNION ALL "
        "SELECT 'database', datacl, datdba FROM pg_database WHERE datname = current_database()"
        ") AS of (name, acl, owner) CROSS JOIN aclexplode(of.acl) AS acl "
        "LEFT JOIN pg_roles AS r ON r.oid = acl.grantee "
        "WHERE acl.grantee <> of.owner GROUP BY 1, 2, 3 ORDER BY 2, 1"
    )
    return [(str(privilege), str(what), str(role)) for privilege, what, role in found]


def login_name(db: Connection) -> str:
    return str(db.exec_driver_sql("SELECT session_user::text").scalar_one())


def is_owner(db: Connection) -> bool:
    """Whether the rules for reviewers do not apply to the user, who can thus also import others' decisions."""
    return not db.exec_driver_sql("SELECT row_security_active('journal')").scalar_one()


def may_adjudicate(db: Connection) -> bool:
    """Whether the user may settle disagreements, and approve or send back: an adjudicator or the owner."""
    return is_owner(db) or bool(db.exec_driver_sql(f"SELECT {server_rules.ADJUDICATES}").scalar_one())


def owner_name(db: Connection) -> str:
    """The login that owns the workspace."""
    owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'journal'::regclass"
    return str(db.exec_driver_sql(owner).scalar_one())


def members(db: Connection) -> dict[str, Role]:
    """The people who have a role in this workspace, with the higher one."""
    found: dict[str, Role] = {}
    for role in Role:
        rows = db.exec_driver_sql(
            "SELECT m.rolname FROM pg_auth_members AS a JOIN pg_roles AS r ON r.oid = a.roleid "
            "JOIN pg_roles AS m ON m.oid = a.member WHERE r.rolname = %s AND m.rolcanlogin ORDER BY 1",
            (role_name(db, role),),
        )
        found.update(dict.fromkeys(rows.scalars(), role))
    return found


def add_person(db: Connection, name: str, role: Role, password: str) -> bool:
    """Give a person a role in this workspace. Returns whether a login with the password was created for them."""
    if not is_owner(db):
        raise WorkspaceError("Your role on the server does not permit this. Ask the owner of the workspace.")
    is_new = db.exec_driver_sql("SELECT to_regrole(%s)", (_quoted(name),)).scalar() is None
    if not has_reviewers(db):
        raise WorkspaceError(remaining_step(db))
    if is_new and not _may_create_roles(db):
        granted = f"GRANT {_quoted(role_name(db, role))} TO {_quoted(name)};"
        raise WorkspaceError(
            "You are not allowed to create logins on this server. Ask an administrator to run: "
            f"CREATE ROLE {_quoted(name)} LOGIN PASSWORD '…'; {granted}"
        )
    statements = []
    if is_new:
        connection = cast("psycopg.Connection", db.connection.driver_connection)
        # Hashed here: the password itself never reaches the server or its log.
        secret = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        statements.append(f"CREATE ROLE {_quoted(name)} LOGIN PASSWORD '{secret}'")
    statements += _revoking(db, name, role_name(db, role))
    statements.append(f"GRANT {_quoted(role_name(db, role))} TO {_quoted(name)}")
    server_rules.run(db, statements)
    return is_new


def remove_person(db: Connection, name: str) -> None:
    """Take a person's roles in this workspace away; their decisions and their login remain."""
    server_rules.run(db, _revoking(db, name))


def _revoking(db: Connection, name: str, other_than: str = "") -> list[str]:
    """The statements that take a person's roles away: those they have, because the server warns of others."""
    roles = db.exec_driver_sql(
        "SELECT r.rolname FROM pg_auth_members AS a JOIN pg_roles AS r ON r.oid = a.roleid "
        "JOIN pg_roles AS m ON m.oid = a.member WHERE m.rolname = %s AND r.rolname IN (%s, %s) AND r.rolname <> %s",
        (name, *(role_name(db, role) for role in Role), other_than),
    )
    return [f"REVOKE {_quoted(str(role))} FROM {_quoted(name)}" for role in roles.scalars()]


def _have_rights(db: Connection) -> bool:
    if not has_reviewers(db):
        return not _may_create_roles(db)
    found = db.exec_driver_sql(
        "SELECT has_column_privilege(%s, 'journal', 'counter', 'INSERT')", (role_name(db, Role.REVIEWER),)
    )
    return bool(found.scalar())


def _may_create_roles(db: Connection) -> bool:
    allowed = "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
    return bool(db.exec_driver_sql(allowed).scalar())


def _owns_database(db: Connection) -> bool:
    owns = "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    return bool(db.exec_driver_sql(owns).scalar())


def _strangers(db: Connection) -> Sequence[str]:
    """Other databases' reviewers with rights here: those of an older version, or of the database this is a copy of."""
    found = db.exec_driver_sql(
        "SELECT DISTINCT r.rolname FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS acl "
        "JOIN pg_roles AS r ON r.oid = acl.grantee WHERE c.oid = 'prompts'::regclass AND r.oid <> c.relowner "
        "AND (r.rolname = %s OR r.rolname LIKE '%%\\_reviewer') AND r.rolname <> %s",
        (_LEGACY, role_name(db, Role.REVIEWER)),
    )
    return [_quoted(str(name)) for name in found.scalars()]


def _created(role: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$"
    )


def _member(adjudicator: str, reviewer: str) -> str:
    """An adjudicator does what a reviewer does. An administrator grants it where the owner cannot."""
    return f"DO $$ BEGIN GRANT {reviewer} TO {adjudicator}; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
