"""The house rules: layers, style, types, sizes, and what must never be in the repository."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from orbench_studio.store.core.unit_of_work import reading
from orbench_studio.store.workspace import migrate, opening

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "orbench_studio"
MODULES = sorted(PACKAGE.rglob("*.py"))
CODE = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *(ROOT / "resources").glob("*.py")]

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
LONGEST_INIT_OF_A_WIDGET = 25
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Written in pieces, so that this file does not find itself.
MACHINES = re.compile("|".join(("/" + "home/", "/" + "root/", "/" + "Users/", "/" + "work/", r"\b[A-Z]:\\Users")))
REGISTRIES = re.compile(r"(?:pypi|pythonhosted|artifactory|nexus)[\w.-]*\.(?:org|com|net|io)|--(?:extra-)?index-url")


def run(*command):
    """A tool's output where it finds fault, nothing where it is content."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def named(path):
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def functions(path):
    nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node, node.end_lineno - node.lineno + 1) for node in nodes]


def tracked():
    """What git would publish: every file it tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines_like(pattern, files):
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, start=1):
            if pattern.search(line):
                yield f"{named(path)}:{number}: {line.strip()[:100]}"


def test_imports_point_down():
    linter = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_formatted():
    assert run("ruff", "format", "--check", ".") == ""


def test_linted():
    assert run("ruff", "check", ".") == ""


def test_typed():
    assert run("mypy") == ""


def test_files_are_short():
    long = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_functions_are_short():
    assert [
        f"{named(path)}:{node.lineno} {node.name} has {lines} lines"
        for path in CODE
        for node, lines in functions(path)
        if lines > LONGEST_FUNCTION
    ] == []


def test_widget_constructors_are_short():
    assert [
        f"{named(path)}:{node.lineno} has {lines} lines"
        for path in sorted((PACKAGE / "gui").rglob("*.py"))
        for node, lines in functions(path)
        if node.name == "__init__" and lines > LONGEST_INIT_OF_A_WIDGET
    ] == []


def test_the_command_line_prints_in_one_place():
    """Everything else goes through `console`, which escapes control characters."""
    printing = re.compile(r"\b(?:s?echo|secho|print|progressbar)\(|sys\.std(?:out|err)|\bConsole\(|\bProgress\(")
    others = [path for path in (PACKAGE / "cli").glob("*.py") if path.stem not in ("console", "terminal")]
    assert list(lines_like(printing, others)) == []


def test_every_module_has_a_docstring():
    assert [named(path) for path in CODE if not ast.get_docstring(tree(path))] == []


def test_nothing_is_left_unfinished():
    others = [path for path in CODE if path != Path(__file__).resolve()]
    assert list(lines_like(UNFINISHED, others)) == []


def test_no_machine_and_no_registry_is_named():
    others = [path for path in tracked() if path != Path(__file__).resolve()]
    assert list(lines_like(MACHINES, others)) == []
    assert list(lines_like(REGISTRIES, others)) == []


def test_the_top_level_is_as_agreed():
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= {
        "orbench_studio",
        "resources",
        "tests",
        "pyproject.toml",
        "README.md",
    }


def test_ci_runs_the_readmes_test_line():
    *_, line = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert line == "python3 resources/bootstrap.py test"
    assert line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_the_licences_are_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert all(list(ROOT.glob(pattern)) for pattern in project["license-files"])


def test_the_newest_migration_is_the_one_we_open_to():
    scripts = ScriptDirectory(str(PACKAGE / "store" / "workspace" / "migrations"))
    assert scripts.get_heads() == [migrate.HEAD]


def test_what_reads_every_table_has_them_all():
    """A command that has not imported a table must copy and check it all the same."""
    modules = {path.stem for path in (PACKAGE / "store" / "core").glob("*tables.py")}
    assert all(f"    {module},\n" in (PACKAGE / "store" / "core" / "schema.py").read_text() for module in modules)
    users = {path.name for path in PACKAGE.rglob("*.py") if "SQLModel.metadata" in path.read_text(encoding="utf-8")}
    assert users == {"columns.py", "schema.py"}


def test_the_newest_migration_makes_the_tables_we_have(tmp_path):
    engine = opening.create(tmp_path / "new.orbench")
    with reading(engine) as db:
        ours = set(SQLModel.metadata.tables) | {"alembic_version"}
        context = MigrationContext.configure(
            db,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name in ours,
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()
