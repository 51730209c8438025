"""The bytes of a file to import: hashed, counted and checked while they stream, never whole in memory.

What a reader holds is at most 16 times its largest record in bytes, plus 160 MB and 130 bytes a row (by which the
doctor knows repeated ones). A record is a row, a task, a sample (without what is not taken of it), in Parquet a row
group as it is unpacked. The limits that make this so: MAX_LINE, MAX_FIELD, MAX_VALUES in one JSON record, a million
cells in a CSV row, and _MAX_RATIO for what is compressed. A text with one emoji takes four bytes a character in
Python, with none one: without such texts it is 8 times.
"""

import codecs
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from orbench_studio.errors import FileFaultError, explained, reason_of, shortened
from orbench_studio.formats import encodings

Progress = Callable[[int, int], None]

CHUNK = 1 << 18
MAX_FIELD = 10_000_000
MAX_LINE = 64 * 2**20
_ALWAYS_UNPACKED = 64 * 2**20
_MAX_RATIO = 200  # of the unpacked size to the packed: texts reach 20, tables of little else than repetition 100
_GZIP = b"\x1f\x8b"
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
MEMBERS = "members of an archive"  # the name of the folder in which they are unpacked, each in one with its number
_GZIP_FAULTS = (EOFError, zlib.error, gzip.BadGzipFile)


def file_fault(name: str, text: str, line: int | None = None) -> FileFaultError:
    """The error that refuses a file; its text names the file without its folder."""
    return FileFaultError(f"{name}: {text}" if line is None else f"{name}, line {line}: {text}")


def name_of(path: Path) -> str:
    """The file's name, to show and to store; a member of an archive has its folders there.

    File systems allow names that are no text.
    """
    parts = path.parts
    name = "/".join(parts[parts.index(MEMBERS) + 2 :]) if MEMBERS in parts else path.name
    return name.encode("utf-8", "replace").decode()


def field_too_large(name: str, line: int) -> FileFaultError:
    """A fault of the file, not of the row: a field of this size is nearly always a quote that swallowed the rest."""
    text = f"a field is longer than {MAX_FIELD:,} characters. Look for a quote that is never closed, or shorten it."
    return file_fault(name, text, line)


def require_ratio(name: str, packed: int, unpacked: int) -> None:
    """Refuse what unpacks to far more than any text does: it is made to fill the memory or the disk."""
    if unpacked > max(_ALWAYS_UNPACKED, packed * _MAX_RATIO):
        size = f"{unpacked // 2**20:,} MB, over {_MAX_RATIO} times its size"
        raise file_fault(
            name, f"its unpacked size is {size}. Unpack it, check its content, and import the unpacked file."
        )


class ByteSource(io.RawIOBase):
    """A file as it lies on the disk: hashes and counts what is read, and notices when the file changes meanwhile."""

    def __init__(self, path: Path, on_progress: Progress | None = None) -> None:
        try:
            _refuse_unreadable(path)
            self._file = path.open("rb", buffering=0)
            self._before = path.stat()
        except (OSError, ValueError) as error:
            raise file_fault(shortened(path.name), f"the file cannot be opened ({reason_of(error)}).") from None
        self._path = path
        self._digest = hashlib.sha256()
        self.on_progress = on_progress
        self.bytes_read = 0
        self.total_bytes = self._before.st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # Buffer is new in 3.12
        count = self._file.readinto(buffer) or 0
        self._digest.update(memoryview(buffer)[:count])
        self.bytes_read += count
        if self.on_progress is not None:
            self.on_progress(self.bytes_read, self.total_bytes)
        return count

    def close(self) -> None:
        if "_file" in vars(self):  # it is missing where the file could not be opened
            self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        """The digest of what was read; of the whole file after `finish`."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """Read what nobody asked for, so that the digest is the file's, and refuse a file that has changed."""
        buffer = bytearray(CHUNK)
        while self.readinto(buffer):
            pass
        try:
            after: os.stat_result | None = self._path.stat()
        except OSError:
            after = None
        if after is None or _trace(after) != _trace(self._before) or self.bytes_read != self.total_bytes:
            raise file_fault(self._path.name, "it changed while it was read. Import it again once it is complete.")


def _trace(stat: os.stat_result) -> tuple[int, int, int, int]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _refuse_unreadable(path: Path) -> None:
    if (
        path.suffix.lower() == ".orbench"
    ):  # not even looked into: closing it would drop the locks of the window that has it
        raise file_fault(path.name, "it is a workspace. Open it, or export from it and import the export.")
    if path.is_dir():
        raise file_fault(path.name, "this is a folder. Name a file in it.")
    if not path.exists():
        raise file_fault(path.name, "the file does not exist. Check the name and the folder.")
    if not path.is_file():
        raise file_fault(path.name, "this is not an ordinary file. Save the data to a file first.")
    if not os.access(path, os.R_OK):
        raise file_fault(path.name, "permission denied. Check the permissions of the file.")
    if path.stat().st_size == 0:
        raise empty_file(path.name)


def empty_file(name: str) -> FileFaultError:
    """Nothing but white space."""
    return file_fault(name, "the file is empty. Check that it was written to the end.")


class _Checked(io.RawIOBase):
    """Unpacked bytes, refused where they cannot be the text they are said to be."""

    def __init__(self, inner: BinaryIO, file: "InputFile", max_line: int | None) -> None:
        self._inner = inner
        self._file = file
        self._max_line = max_line
        self._unbroken = 0
        self._begun = False
        self._unpacked = 0
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # Buffer is new in 3.12
        # The text layer asks for 8 KB at a time; checking and hashing pay off in larger pieces.
        if not self._ready:
            self._ready = memoryview(self._piece())
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _piece(self) -> bytes:
        try:
            data = self._inner.read(CHUNK)
        except _GZIP_FAULTS:
            text = "the gzip file is cut off or damaged. Copy or download it again."
            raise file_fault(self._file.name, text) from None
        self._unpacked += len(data)
        if self._file.packed:
            require_ratio(self._file.name, self._file.source.total_bytes, self._unpacked)
        self._check(data)
        return data

    def _check(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            refuse_wide(data, self._file.name)
        if b"\0" in data:
            raise self._file.nul_fault()
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._unbroken = len(data) - end - 1 if end >= 0 else self._unbroken + len(data)
        if self._max_line is not None and self._unbroken > self._max_line:
            raise self._file.long_line_fault(self._max_line)


def refuse_wide(head: bytes, name: str) -> None:
    sample = head[:1024]
    halves = [sample[0::2], sample[1::2]]
    if sample.startswith(_WIDE_BOMS) or any(half and half.count(0) * 10 > len(half) * 6 for half in halves):
        raise file_fault(
            name,
            "the text is UTF-16 or UTF-32. Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8'; "
            "in a terminal: iconv -f UTF-16 -t UTF-8 OLD > NEW).",
        )


class InputFile:
    """One file to import. `text` streams it; `finish` ends the reading with the checks only the end allows.

    `doubts` are warnings about its encoding; `is_decoded` is true once it is read as a text.
    """

    def __init__(self, path: Path, encoding: str | None = None, on_progress: Progress | None = None) -> None:
        self.path = path
        self.name = name_of(path)
        self.encoding = _usable(encoding, path.name)
        self.source = ByteSource(path, on_progress)
        self._raw = io.BufferedReader(self.source, CHUNK)
        self.head = self._raw.peek(8)[:8]
        self.doubts: list[str] = []
        self.notes: dict[str, int] = {}
        self.is_decoded = False

    @property
    def packed(self) -> bool:
        """True for gzip, whatever the file is called."""
        return self.head.startswith(_GZIP)

    @property
    def doubtful(self) -> bool:
        """True for an encoding that may name characters that no text has, as UTF-7 can; UTF-8 cannot."""
        return self.encoding != "utf-8-sig"

    def text(self, max_line: int | None = MAX_LINE) -> io.TextIOWrapper:
        """The text with its line ends as they are; may be called once. No line limit where lines mean nothing."""
        self.is_decoded = True
        if self.doubtful:
            self._doubt_encoding()
        inner = gzip.GzipFile(fileobj=self._raw) if self.packed else self._raw
        checked = io.BufferedReader(_Checked(inner, self, max_line), CHUNK)  # type: ignore[arg-type]  # has what is read of a raw stream
        return io.TextIOWrapper(checked, encoding=self.encoding, errors="strict", newline="")

    def _doubt_encoding(self) -> None:
        """Show what the named encoding gives: in a warning if another one is far likelier, else in a note."""
        with self.again() as stream:
            count, example = encodings.beyond_ascii(stream, self.encoding)
        likely = self._likelier(self.encoding)
        if likely is not None:
            lines = "1 line has" if count == 1 else f"{count:,} lines have"
            text = f"Read as {self.encoding}, texts look garbled: {lines} characters beyond ASCII, such as {example!r}"
            self.doubts.append(f"{text}. The encoding is more likely {likely}: {_to_read(likely)}.")
        elif count:
            self.notes[f"lines with characters beyond ASCII, which {self.encoding} reads as {example!r}"] = count

    def finish(self) -> None:
        """Call after the last row."""
        self.source.finish()

    def close(self) -> None:
        self.source.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what goes wrong while bytes become rows into an error that names the file, and where it can the line."""
        with explained(self._damaged):
            try:
                yield
            except UnicodeDecodeError:
                raise self._undecodable() from None
            except OSError as error:
                raise file_fault(self.name, f"reading failed ({reason_of(error)}).") from error

    def _damaged(self, reason: str) -> FileFaultError:
        return file_fault(self.name, f"the file is damaged, or its extension is wrong ({reason}). Create it again.")

    def again(self) -> BinaryIO:
        """The unpacked bytes from the beginning, to find where a fault is."""
        return gzip.open(self.path) if self.packed else self.path.open("rb")  # type: ignore[return-value]  # GzipFile is one in all but name

    def require_no_nul(self) -> None:
        """Look for a NUL byte in all of a file of texts; raises FileFaultError if there is one."""
        with self.again() as stream:
            if self.is_decoded and any(b"\0" in data for data in iter(lambda: stream.read(CHUNK), b"")):
                raise self.nul_fault()

    def nul_fault(self) -> FileFaultError:
        """A NUL byte in what should be text."""
        line = 1
        with self.again() as stream:
            while (data := stream.read(CHUNK)) and (at := data.find(b"\0")) < 0:
                line += _line_ends(data)
        text = (
            "it contains a NUL byte, so it is damaged, or is not a text file. Remove the byte, or save the file again."
        )
        return file_fault(self.name, text, line + _line_ends(data[: max(at, 0)]))

    def long_line_fault(self, limit: int) -> FileFaultError:
        """A line that would have to be held in memory whole."""
        line = unbroken = 0
        with self.again() as stream:
            while unbroken <= limit and (data := stream.read(CHUNK)):
                line += _line_ends(data)
                end = max(data.rfind(b"\n"), data.rfind(b"\r"))
                unbroken = len(data) - end - 1 if end >= 0 else unbroken + len(data)
        text = f"the line is longer than {limit // 2**20} MB. Check that the file has line ends, or shorten the field."
        return file_fault(self.name, text, line + 1)

    def _undecodable(self) -> FileFaultError:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line, offset, data = 1, 0, b""
        with self.again() as stream:
            try:
                while data := stream.read(CHUNK):
                    pending = len(decoder.getstate()[0])
                    decoder.decode(data)
                    offset, line = offset + len(data), line + _line_ends(data)
                pending = len(decoder.getstate()[0])
                decoder.decode(b"", True)
            except UnicodeDecodeError as error:
                at = error.start - pending
                return self._encoding_fault(offset + at, line + _line_ends(data[: max(at, 0)]))
        return file_fault(self.name, "it changed while it was read. Import it again once it is complete.")

    def _encoding_fault(self, offset: int, line: int) -> FileFaultError:
        named = "UTF-8" if self.encoding == "utf-8-sig" else self.encoding
        with self.again() as stream:
            likely = encodings.likely(stream)
        advice = "Name its encoding (--encoding)"
        if len(likely) == 1:
            advice = f"Its encoding is probably {likely[0]}: {_to_read(likely[0])}"
        elif likely:
            read = ", ".join(f"{name} {self._example(name)!r}" for name in likely)
            advice = f"Its encoding is uncertain. Choose the one that gives the right text (--encoding): {read}"
        text = f"byte {offset:,} of the file is not {named}. {advice}, or save the file as UTF-8."
        only = likely[0] if len(likely) == 1 else ""
        return FileFaultError(f"{self.name}, line {line}: {text}", "encoding", only)

    def _example(self, encoding: str) -> str:
        with self.again() as stream:
            return encodings.beyond_ascii(stream, encoding)[1]

    def _likelier(self, named: str) -> str | None:
        with self.again() as stream:
            return encodings.likelier(stream, named)


def _to_read(encoding: str) -> str:
    return "leave out --encoding" if encoding == "utf-8" else f"pass --encoding {encoding}"


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _usable(encoding: str | None, name: str) -> str:
    """The codec to use: UTF-8 with or without BOM by default, else any in which ASCII is ASCII."""
    if encoding is None:
        return "utf-8-sig"
    try:
        ascii_is_ascii = 'a,"\n'.encode(encoding) == b'a,"\n' and isinstance(b"a".decode(encoding), str)
        found = codecs.lookup(encoding).name
    except (LookupError, UnicodeError):
        raise file_fault(name, f"there is no encoding {encoding!r}. Try cp1252, latin-1 or gb18030.") from None
    if not ascii_is_ascii:
        raise file_fault(name, f"files in {encoding} are not read. Save it as UTF-8 and leave out --encoding.")
    return "utf-8-sig" if found == "utf-8" else found
