"""Policies, triggers, functions, views and other objects of a database that act on its rows, from PostgreSQL's catalog.

Each has a name, as messages show it, and a digest of its definition, which tells whether somebody changed it.
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
        f"SELECT o.*, md5(o.definition) FROM ({_OBJECTS}) AS o (kind, name, of, definition) ORDER BY 1, 2, 3"  # noqa: S608
    )
    found = (CatalogObject(*map(str, row)) for row in rows)
    return {one.title: one for one in found}


def differences(found: dict[str, CatalogObject], expected: Collection[str], digests: dict[str, str]) -> Iterator[str]:
    """Describe objects that are missing, changed since the rules were installed, or not part of the schema."""
    for title in sorted(expected):
        if title not in found:
            yield f"{title} is missing" + (" or disabled" if title.startswith("trigger") else "")
        elif digests and digests.get(title) != found[title].digest:
            yield f"{title} differs from the schema"
    yield from (f"{title} is not part of the schema" for title in sorted(found.keys() - set(expected)))


_DROPPED_IN_ORDER = ("policy", "trigger", "rule", "view", "materialized view", "function")


def foreign(found: dict[str, CatalogObject], expected: Collection[str]) -> list[tuple[CatalogObject, str]]:
    """The objects that are not part of the schema and can be dropped, each with its DROP statement, in that order."""
    others = [one for title, one in found.items() if title not in expected and one.kind in _DROPPED_IN_ORDER]
    return [(one, _drop(one)) for one in sorted(others, key=lambda one: _DROPPED_IN_ORDER.index(one.kind))]


def _drop(one: CatalogObject) -> str:
    name = one.name if one.kind == "function" else quoted(one.name)  # a function's has its arguments, and is quoted
    kind = "ROUTINE" if one.kind == "function" else one.kind.upper()
    return f"DROP {kind} {name}" + (f" ON {quoted(one.table)}" if one.table else "")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
