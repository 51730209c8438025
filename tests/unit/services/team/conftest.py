"""Workspaces of twelve prompts, in a file and on a server."""

import shutil
from pathlib import Path

import pytest

from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.team.team_workspace import fill


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """The closed file of a workspace with twelve prompts of three categories."""
    file = tmp_path_factory.mktemp("twelve") / "twelve.orbench"
    fill(file).close()
    return file


@pytest.fixture
def team(twelve, tmp_path):
    """The workspace, open."""
    with open_workspace(Path(shutil.copy(twelve, tmp_path / "team.orbench"))) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace
        assert workspace.problems() == []


@pytest.fixture
def anywhere(database, request):
    """The same, in a file and on a server, for tests that depend on locks and time."""
    if database == "sqlite":
        yield request.getfixturevalue("team")
        return
    with fill(request.getfixturevalue("postgres").new()) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace
        assert workspace.problems() == []
