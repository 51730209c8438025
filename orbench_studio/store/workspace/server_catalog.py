"""Policies, triggers, functions, views and other objects of a database that act on its rows, from PostgreSQL's catalog.

Each has a name, as messages show it, and a digest of its definition, which shows later changes.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection

_OBJECTS = """
WITH c AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
SELECT 'policy', p.polname, c.relname, concat_ws('|', p.polcmd, p.polpermissive, p.polroles::text,
       pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
  FROM pg_policy AS p JOIN c ON c.oid = p.polrelid
UNION ALL SELECT 'constraint', k.conname, c.relname, pg_get_constraintdef(k.oid)
  FROM pg_constraint AS k JOIN c ON c.oid = k.conrelid WHERE k.contype = 'c'
UNION ALL SELECT 'trigger', t.tgname, c.relname, pg_get_triggerdef(t.oid)
  FROM pg_trigger AS t JOIN c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND t.tgenabled = 'O'
UNION ALL SELECT 'disabled trigger', t.tgname, c.relname, ''
  FROM pg_trigger AS t JOIN c ON c.oid = t.tgrelid WHERE t.tgenabled <> 'O'
UNION ALL SELECT 'rule', r.rulename, c.relname, pg_get_ruledef(r.oid)
  FROM pg_rewrite AS r JOIN c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL SELECT 'row security', '', c.relname, concat_ws('|', c.relrowsecurity, c.relforcerowsecurity)
  FROM c WHERE (c.relrowsecurity OR c.relforcerowsecurity)
UNION ALL SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, c.relname, '',
       concat_ws('|', pg_get_viewdef(c.oid), c.reloptions::text)
  FROM c WHERE c.relkind IN ('v', 'm')
UNION ALL SELECT 'function', f.oid::regprocedure::text, '', pg_get_functiondef(f.oid)
  FROM pg_proc AS f WHERE f.prokind IN ('f', 'p') AND f.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = f.oid AND d.deptype = 'e')
"""


class CatalogObject(NamedTuple):
    """An object of the database; `definition` as PostgreSQL writes it, `digest` of it."""

    kind: str
    name: str
    table: str
    definition: str
    digest: str

    @property
    def title(self) -> str:
        """The name as messages show it."""
        if not self.name:
            return f"{self.kind} of {self.table}"
        return f"{self.kind} {self.name} on {self.table}" if self.table else f"{self.kind} {self.name}"


def objects(db: Connection) -> dict[str, CatalogObject]:
    """The objects in the schema of the workspace that act on its rows, by title."""
    rows = db.exec_driver_sql(
        f"SELECT o.*, md5(o.definition) FROM ({_OBJECTS}) AS o (kind, name, of, definition) ORDER BY 1, 2, 3"
    )
    existing = (CatalogObject(*map(str, row)) for row in rows)
    return {item.title: item for item in existing}


def differences(
    existing: dict[str, CatalogObject], expected: Collection[str], digests: dict[str, str]
) -> Iterator[str]:
    """Describe objects that are missing, changed since the rules were installed, or not part of the schema."""
    for title in sorted(expected):
        if title not in existing:
            yield f"{title} is missing" + (" or disabled" if title.startswith("trigger") else "")
        elif digests and digests.get(title) != existing[title].digest:
            yield f"{title} differs from the schema"
    yield from (f"{title} is not part of the schema" for title in sorted(existing.keys() - set(expected)))


_DROPPED_IN_ORDER = (
    *("policy", "row security", "constraint", "trigger", "disabled trigger"),
    *("rule", "view", "materialized view", "function"),
)


def foreign(existing: dict[str, CatalogObject], expected: Collection[str]) -> list[tuple[CatalogObject, str]]:
    """The objects that are not part of the schema and can be dropped, each with its DROP statement, in that order."""
    others = [item for title, item in existing.items() if title not in expected and item.kind in _DROPPED_IN_ORDER]
    return [(item, _drop(item)) for item in sorted(others, key=lambda item: _DROPPED_IN_ORDER.index(item.kind))]


def _drop(item: CatalogObject) -> str:
    table = quoted(item.table)
    if item.kind == "row security":
        return f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
    if item.kind == "constraint":
        return f"ALTER TABLE {table} DROP CONSTRAINT {quoted(item.name)}"
    if item.kind == "disabled trigger":
        return f"ALTER TABLE {table} ENABLE TRIGGER {quoted(item.name)}"
    name = item.name if item.kind == "function" else quoted(item.name)  # a function's has its arguments, and is quoted
    kind = "ROUTINE" if item.kind == "function" else item.kind.upper()
    return f"DROP {kind} {name}" + (f" ON {table}" if item.table else "")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
