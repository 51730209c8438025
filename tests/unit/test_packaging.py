"""The wheel: whoever installs it has every resource that the package reads, and finds it there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FORCED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
# Reads what the package reads of its resources, where nothing of the checkout can be found.
READS = """
import sys
from pathlib import Path
from orbench_studio.figures.scatter import published
from orbench_studio.instruments.rule_table import rule_table
from orbench_studio.resources_dir import resources
from orbench_studio.services.curation import run_recipe
from orbench_studio.services.data import demo
from orbench_studio.services.evaluation import prices
from orbench_studio.services.core import templates
assert resources() == Path(sys.argv[1]) / "orbench_studio" / "resources", resources()
assert published() and prices.load_prices() and run_recipe.default_recipes() and rule_table().rules
assert all(templates.load(wording).text for wording in templates.TemplateName)
demo.demo_workspace(Path("demo.orbench")).close()
"""


def named():
    """What the package's source names below the resources folder, and where."""
    for path in (ROOT / "orbench_studio").rglob("*.py"):
        for name in re.findall(r"""resources\(\) / ["']([^"']+)["']""", path.read_text(encoding="utf-8")):
            yield f"resources/{name}", path.name


def test_the_wheel_has_every_resource():
    assert len(dict(named())) > 4
    assert {name: file for name, file in named() if name not in FORCED} == {}
    assert {source: target for source, target in FORCED.items() if target != f"orbench_studio/{source}"} == {}
    assert [source for source in FORCED if not (ROOT / source).exists()] == []


def test_the_desktop_entry_starts_a_program_of_the_wheel():
    shared = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert [source for source in shared if not (ROOT / source).is_file()] == []
    entry = next(ROOT / source for source in shared if source.endswith(".desktop")).read_text(encoding="utf-8")
    values = dict(line.split("=", 1) for line in entry.splitlines() if "=" in line)
    assert values["Exec"].split()[0] in PROJECT["project"]["gui-scripts"]
    assert f"share/icons/hicolor/scalable/apps/{values['Icon']}.svg" in shared.values()


@pytest.mark.parametrize("file", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda file: file.stem)
def test_a_workflow_is_valid_and_pins_its_actions(file):
    text = file.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []
    scripts = re.findall(r"python (resources/\w+\.py)", text)
    assert scripts and all((ROOT / script).is_file() for script in scripts)


def test_a_fragment_of_the_changelog_has_a_known_type():
    known = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}
    assert {file.suffixes[-2].lstrip(".") for file in (ROOT / "resources/changes").glob("*.md")} <= known


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_an_installed_package_finds_its_resources(tmp_path):
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (installed / "orbench_studio" / "resources").mkdir(parents=True)
    for part in (ROOT / "orbench_studio").iterdir():
        (installed / "orbench_studio" / part.name).symlink_to(part)
    for source, target in FORCED.items():
        (installed / target).symlink_to(ROOT / source)
    env = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", READS, str(installed)]
    done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
