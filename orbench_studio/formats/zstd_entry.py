"""Entries of zip archives that are compressed with Zstandard, which Python's zipfile cannot unpack before 3.14."""

import io
import zipfile
import zlib
from typing import IO, BinaryIO, Protocol

_HEADER = 30  # bytes before the name of an entry
_MAGIC = b"\x28\xb5\x2f\xfd"
_BAD = "the entry is damaged"


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes."""


def opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    """The unpacked bytes of an entry; reading raises zipfile.BadZipFile where they are not what the archive says."""
    import pyarrow

    assert archive.fp is not None
    begin = _begin(archive.fp, entry)
    packed = _Part(archive.fp, begin, entry.compress_size)
    archive.fp.seek(begin)
    if archive.fp.read(4) != _MAGIC and entry.compress_size == entry.file_size:  # stored, whatever the archive says
        return io.BufferedReader(_Unpacked(packed, entry))
    stream = pyarrow.CompressedInputStream(pyarrow.PythonFile(packed, mode="r"), "zstd")
    return io.BufferedReader(_Unpacked(stream, entry))


def _begin(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Where the packed bytes begin: after a header that repeats the name and may have extra fields."""
    file.seek(entry.header_offset)
    header = file.read(_HEADER)
    if len(header) < _HEADER or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(_BAD)
    lengths = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    return entry.header_offset + _HEADER + sum(lengths)


class _Part(io.RawIOBase):
    """The packed bytes of one entry."""

    def __init__(self, file: IO[bytes], begin: int, size: int) -> None:
        self._file, self._at, self._end = file, begin, begin + size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        self._file.seek(self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


class _Unpacked(io.RawIOBase):
    """Unpacked bytes, checked against the size and the checksum that the archive states."""

    def __init__(self, stream: Readable, entry: zipfile.ZipInfo) -> None:
        self._stream, self._entry = stream, entry
        self._size = self._checksum = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # Buffer is new in 3.12
        data = self._stream.read(len(buffer))
        self._size += len(data)
        self._checksum = zlib.crc32(data, self._checksum)
        if self._size > self._entry.file_size or (not data and self._checksum != self._entry.CRC):
            raise zipfile.BadZipFile(_BAD)
        buffer[: len(data)] = data
        return len(data)
