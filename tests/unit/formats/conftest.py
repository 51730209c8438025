"""Writes small files and reads them back as records, row faults and findings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def take(write):
    """Everything a file yields, or the file's text if it is a path already."""

    def take(name, content=None, *, format_name=None, **options):
        path = name if content is None else write(name, content)
        with read_file(path, format_name=format_name, options=ReadOptions(**options)) as reading:
            return list(reading.records)

    return take


@pytest.fixture
def refused(take):
    """The text of the error that refuses a file."""

    def refused(name, content=None, **options):
        with pytest.raises(FileFaultError) as caught:
            take(name, content, **options)
        return str(caught.value)

    return refused
