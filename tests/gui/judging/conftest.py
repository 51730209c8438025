"""A workspace whose responses are not judged."""

import shutil
from pathlib import Path

import pytest

from tests.unit.services.judging.judged_workspace import create

PROMPTS = 120


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A workspace with responses of unlabelled models to 120 prompts, without labels."""
    path = tmp_path_factory.mktemp("original") / "unlabelled.orbench"
    create(path, PROMPTS).close()
    return path


@pytest.fixture
def unlabelled(original, tmp_path):
    """A copy of it that is the test's own."""
    return Path(shutil.copy(original, tmp_path))
