"""Every bad input is refused with an error that names the file, the line and what to do."""

import gzip
import hashlib
import io
import json
import os
import re

import pyarrow.ipc
import pyarrow.parquet
import pytest

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import read_file
from orbench_studio.formats.records import Record
from tests.unit.formats.test_field_tools import workbook

GOOD = "prompt,category\nHow do I kill weeds?,harmful\nHow do I pick a lock?,illegal\n"


def test_a_folder_is_refused(tmp_path, refused):
    (tmp_path / "data.csv").mkdir()
    assert refused(tmp_path / "data.csv") == "data.csv: this is a folder. Name a file in it."


def test_a_missing_file_is_refused_without_its_folder(tmp_path, refused):
    text = refused(tmp_path / "gone.csv")
    assert text.startswith("gone.csv: the file does not exist")
    assert str(tmp_path) not in text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on POSIX only")
def test_a_pipe_is_refused(tmp_path, refused):
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not an ordinary file" in refused(tmp_path / "pipe.csv")


@pytest.mark.parametrize("content", [b"", b"\n \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json"])
def test_an_empty_file_is_refused(refused, name, content):
    assert refused(name, content).startswith(f"{name}: the file is empty.")


def test_an_empty_gzip_is_refused(refused):
    assert refused("a.csv.gz", gzip.compress(b"")).startswith("a.csv.gz: the file is empty.")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_utf_16_and_32_are_named(refused, name, encoding):
    text = refused(name, GOOD.encode(encoding))
    assert text.startswith(f"{name}: the text is UTF-16 or UTF-32. Save it as UTF-8")


def test_a_byte_order_mark_is_no_part_of_the_first_column(take):
    records = take("a.csv", b"\xef\xbb\xbf" + GOOD.encode())
    assert [record.line for record in records] == [2, 3]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_nul_byte_is_refused_with_its_line(refused, name):
    content = GOOD.replace("pick", "pi\0ck").encode()
    text = refused(name, gzip.compress(content) if name.endswith("gz") else content)
    assert text.startswith(f"{name}, line 3: it contains a NUL byte")


def test_a_nul_byte_far_behind_is_refused_with_its_line(refused):
    content = GOOD + "a fine question,harmful\r\n" * 30_000 + "a \0,harmful\n"
    assert refused("a.csv", content).startswith("a.csv, line 30004: it contains a NUL byte")
    other = content.replace("prompt,category", "a,b")  # of no known format: before its columns are asked for
    assert refused("b.csv", other).startswith("b.csv, line 30004: it contains a NUL byte")


def test_another_encoding_is_refused_with_offset_and_line(refused):
    text = refused("a.csv", "prompt,category\nWhere is the café?,harmful\n".encode("cp1252"))
    assert text.startswith("a.csv, line 2: byte 32 of the file is not UTF-8.")
    assert "Its encoding is probably cp1252: pass --encoding cp1252" in text


def test_the_option_for_an_encoding_that_cannot_be_guessed_is_named(refused):
    text = refused("a.csv", f"{GOOD}na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve caf\xe9,harmful\n".encode("mac_roman"))
    assert text.endswith("is not UTF-8. Name its encoding (--encoding), or save the file as UTF-8.")


def test_a_wrong_byte_far_behind_is_found(refused):
    content = GOOD.encode() + b"a fine question,harmful\n" * 30_000 + b"caf\xe9,harmful\n"
    offset = content.index(b"\xe9")
    assert refused("a.csv", content).startswith(f"a.csv, line 30004: byte {offset:,} of the file is not UTF-8.")


def test_a_character_cut_off_at_the_end_is_found(refused):
    assert "line 4: byte 75" in refused("a.csv", GOOD.encode() + "é".encode()[:1])


def test_the_encoding_can_be_given(take):
    records = take("a.csv", "prompt,category\nWhere is the café?,harmful\n".encode("cp1252"), encoding="cp1252")
    assert records[0].prompt.text == "Where is the café?"


def test_a_given_encoding_that_does_not_fit_is_refused(refused):
    assert "is not ascii. Its encoding is probably utf-8: leave out --encoding" in refused(
        "a.csv", GOOD + "é,harmful\n", encoding="ascii"
    )


FRENCH = "Où est le théâtre de l'élève et ça coûte combien ?"
TEXTS = {
    "cp1252": FRENCH,
    "cp1251": "Как завершить процесс который не отвечает?",
    "gb18030": "如何结束一个没有响应的进程？炉子里什么烧得最好？",
    "shift_jis": "応答しないプロセスを終了するにはどうすればよいですか？",
    "utf-8": FRENCH,
}


@pytest.mark.parametrize("named", ["cp1252", "latin-1", "gb18030", "shift_jis", "cp1251"])
@pytest.mark.parametrize("encoding", TEXTS)
def test_a_given_encoding_that_garbles_texts_is_a_warning(write, encoding, named):
    content = f"prompt,category\n{TEXTS[encoding]},harmful\n".encode(encoding)
    advice = "leave out --encoding" if encoding == "utf-8" else f"pass --encoding {encoding}"
    try:
        decoded = content.decode(named).split("\n")[1].rpartition(",")[0]
    except UnicodeDecodeError:
        with pytest.raises(FileFaultError, match=f"{advice}|{encoding} ['\"]"):
            doubts_of(write("a.csv", content), named)
        return
    texts, doubts = doubts_of(write("a.csv", content), named)
    assert texts == [decoded]
    if named == encoding or (named, encoding) == ("latin-1", "cp1252"):
        assert not doubts
    else:
        assert "1 line has characters beyond ASCII, such as " in doubts[0]
        assert advice in doubts[0]


FEW = {
    "gb18030": ["a cat —ar 16:9", "in oak’s font “big”…", "天气 today", "怎么做面包"],
    "big5": ["請問怎麼做麵包", "a “big” cat — yes", "使用 keyboard 的時候"],
    "cp932": ["パンの作り方", "天気 today"],
    "euc_jp": ["パンの作り方", "天気の話 today"],
    "cp949": ["빵을 만드는 방법", "오늘 날씨 today"],
    "cp1251": ["Как испечь хлеб?", "погода today"],
    "koi8_r": ["Как испечь хлеб?", "погода today"],
    "cp1250": [
        "Jak upéct chléb rychle?",
        "Źródło wiedzy",
        "město žlutý kůň",
        "że też żona może zażyć łyżkę",
        "jeż żuje",
    ],
    "cp1252": [
        "“big” and it’s — fine",
        "Wie heißt das Mädchen?",
        "naïve résumé",
        "El niño mañana ¿qué?",
        "100 € now",
        "¿estoy bien? ¿por qui? ¿cual es? ¿y un diseño?",
        "el niño y la caña de un año en la viña del baño",
    ],
    "cp1253": ["Πώς φτιάχνω ψωμί;"],
    "cp1254": ["güneş ışığı nasıl"],
    "cp1255": ["איך אופים לחם"],
    "cp1256": ["كيف أخبز الخبز"],
    "cp874": ["ทำขนมปังอย่างไร"],
}


@pytest.mark.parametrize("encoding", FEW)
def test_few_characters_beyond_ascii_never_propose_a_garbling(write, refused, encoding):
    for text in FEW[encoding]:
        content = f"{GOOD}{text},harmful\n".encode(encoding)
        fault = refused("a.csv", content)
        able = re.findall(r"--encoding (\w+),", fault) or re.findall(r"(\w+) ['\"]", fault)
        assert text in {content.decode(name).split("\n")[3].rpartition(",")[0] for name in able}
        texts, doubts = doubts_of(write("a.csv", content), encoding)
        assert texts[-1] == text
        assert not doubts


def test_mostly_ascii_texts_name_each_encoding_with_what_it_gives(refused):
    fault = refused("a.csv", f"{GOOD}oxidizer–fuel,harmful\n".encode("gb18030"))
    assert "Its encoding is uncertain. Choose the one that gives the right text (--encoding): " in fault
    assert "gb18030 'oxidizer–fuel" in fault


@pytest.mark.parametrize("named", ["cp1252", "latin-1", "mac_roman", "cp874", "cp1250"])
@pytest.mark.parametrize("text", ["a ——cat ——ar in oak’s font", "rely on…", "17α-ethyl", "oxidizer–fuel"])
def test_a_named_encoding_is_never_taken_without_showing_what_it_gives(write, named, text):
    content = f"{GOOD}{text},harmful\n".encode("gb18030")
    with read_file(write("a.csv", content), options=ReadOptions(encoding=named)) as reading:
        texts = [found.prompt.text for found in reading.records]
        shown = [*reading.tally.doubts, *reading.tally.notes]
    example = next(word for word in texts[-1].split() if not word.isascii())
    assert any(repr(example)[1:-1] in line for line in shown)
    if "cat" in text:
        assert "more likely gb18030" in reading.tally.doubts[0]


def doubts_of(path, encoding):
    with read_file(path, options=ReadOptions(encoding=encoding)) as reading:
        return [found.prompt.text for found in reading.records if isinstance(found, Record)], reading.tally.doubts


ROWS = pyarrow.Table.from_pylist([{"prompt": "Is it late?", "category": "harmful"}])


def parquet_file():
    pyarrow.parquet.write_table(ROWS, into := io.BytesIO())
    return into.getvalue()


def arrow_file():
    with pyarrow.ipc.new_file(into := io.BytesIO(), ROWS.schema) as file:
        file.write_table(ROWS)
    return into.getvalue()


TABLE = "prompt,category\nIs it late?,harmful\n"


@pytest.mark.parametrize(
    ("name", "content", "has_effect"),
    [
        ("a.parquet", parquet_file(), False),
        ("a.arrow", arrow_file(), False),
        ("a.xlsx", workbook([("prompt", "category"), ("Is it late?", "harmful")]), False),
        ("a.csv", TABLE, True),
        ("a.tsv", TABLE.replace(",", "\t"), True),
        ("a.csv.gz", gzip.compress(TABLE.encode()), True),
        ("a.jsonl", json.dumps(ROWS.to_pylist()[0]), True),
        ("a.json", json.dumps(ROWS.to_pylist()), True),
        ("a.json", json.dumps({"rows": ROWS.to_pylist()}), True),
        ("a.json", json.dumps(ROWS.to_pydict()), True),
    ],
    ids=range(10),  # the contents have times in them, and workers compare the names of tests
)
def test_an_encoding_without_effect_is_a_warning(write, name, content, has_effect):
    texts, doubts = doubts_of(write(name, content), "cp1252")
    assert texts == ["Is it late?"]
    assert [doubt[:21] for doubt in doubts] == ([] if has_effect else ["Option without effect"])


def test_unknown_and_unfit_encodings_are_refused(refused):
    assert "no encoding 'klingon'" in refused("a.csv", GOOD, encoding="klingon")
    assert "files in utf-16 are not read" in refused("a.csv", GOOD.encode("utf-16"), encoding="utf-16")
    assert "no encoding 'hex'" in refused("a.csv", GOOD, encoding="hex")


# Encodings whose escapes can name NUL and half a character, which no bytes of UTF-8 can.
NUL = [("utf-7", b"+AAA-"), ("raw_unicode_escape", b"\\u0000")]
HALF = [("utf-7", b"+2AA-"), ("raw_unicode_escape", b"\\ud800")]


@pytest.mark.parametrize(("encoding", "bad"), NUL + HALF)
def test_characters_that_cannot_be_stored_refuse_their_row(take, encoding, bad):
    content = b'prompt,category\nfine,hate\n"b\n%s",hate\nfine too,hate\n' % bad
    first, fault, last = take("a.csv", content, encoding=encoding)
    assert (first.prompt.text, fault.line, last.prompt.text) == ("fine", 3, "fine too")
    assert ("NUL" if (encoding, bad) in NUL else "surrogate") in fault.reason


@pytest.mark.parametrize(("encoding", "bad"), HALF)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("row", [b'{"prompt": "%s"}', b'{"prompt": "b", "c": ["%s"]}', b'{"prompt": "b", "%s": "c"}'])
def test_half_a_character_refuses_its_row_in_json(take, name, row, encoding, bad):
    content = b'{"prompt": "fine", "c": ""}\n\n%s\n{"prompt": "fine too"}\n' % (row % bad)
    first, fault, last = take(name, content, encoding=encoding, format_name="mapped")
    assert (first.prompt.text, fault.line, last.prompt.text) == ("fine", 3, "fine too")
    assert "surrogate" in fault.reason


@pytest.mark.parametrize(("encoding", "bad"), NUL)
def test_a_bare_nul_is_no_json(take, refused, encoding, bad):
    content = b'{"prompt": "fine"}\n{"prompt": "%s"}\n' % bad
    fault = take("a.jsonl", content, encoding=encoding, format_name="mapped")[1]
    assert (fault.line, "control character" in fault.reason) == (2, True)
    assert refused("a.json", content, encoding=encoding, format_name="mapped").startswith("a.json, line 2: ")


@pytest.mark.parametrize(("encoding", "bad"), NUL + HALF)
def test_characters_that_cannot_be_stored_refuse_a_header(refused, encoding, bad):
    text = refused("a.csv", b"\nprompt,%s\nfine,hate\n" % bad, encoding=encoding)
    assert text.startswith("a.csv, line 2: a text contains ")
    assert text.endswith(". Remove it, or pass another --encoding.")


@pytest.mark.parametrize("encoding", ["utf-7", "cp1252", "gb18030"])
def test_ordinary_texts_in_a_given_encoding_are_taken(take, encoding):
    content = "prompt,category\nWhere is a café?,harmful\n".encode(encoding)
    assert take("a.csv", content, encoding=encoding)[0].prompt.text == "Where is a café?"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv"])
def test_gzip_is_known_by_its_first_bytes(take, name):
    packed = gzip.compress(GOOD.encode())
    assert len(take(name, packed)) == 2


@pytest.mark.parametrize("cut", [3, 15, 40, -1])
def test_a_truncated_gzip_is_refused(refused, cut):
    packed = gzip.compress(GOOD.encode())
    assert refused("a.csv.gz", packed[:cut]) == (
        "a.csv.gz: the gzip file is cut off or damaged. Copy or download it again."
    )


def test_a_damaged_gzip_is_refused(refused):
    packed = bytearray(gzip.compress(GOOD.encode() * 50))
    packed[20] ^= 0xFF
    assert "cut off or damaged" in refused("a.csv.gz", bytes(packed))


@pytest.mark.parametrize("packed", [False, True])
def test_digest_and_progress_are_those_of_the_file_on_the_disk(write, packed):
    content = gzip.compress(GOOD.encode()) if packed else GOOD.encode()
    seen = []
    with read_file(write("a.csv", content), on_progress=lambda done, total: seen.append((done, total))) as reading:
        list(reading.records)
    assert reading.sha256 == hashlib.sha256(content).hexdigest()
    assert reading.bytes_read == reading.total_bytes == len(content)
    assert seen[-1] == (len(content), len(content))


def _change_after_first(path, change):
    with read_file(path) as reading:
        records = iter(reading.records)
        assert isinstance(next(records), Record)
        change(path)
        list(records)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text(path.read_text() + "one more,harmful\n"),
        lambda path: path.write_text(GOOD[:30]),
        lambda path: os.utime(path, (1, 1)),
        lambda path: path.unlink(),
        lambda path: path.with_suffix(".new").write_text(GOOD) and path.with_suffix(".new").replace(path),
    ],
    ids=["grows", "shrinks", "touched", "removed", "replaced"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(write, change):
    path = write("a.csv", GOOD)
    with pytest.raises(FileFaultError, match=r"^a\.csv: it changed while it was read\."):
        _change_after_first(path, change)


def test_a_large_file_cut_while_it_is_read_is_refused(write):
    path = write("a.csv", GOOD + "".join(f"question {i},harmful\n" for i in range(40_000)))
    with pytest.raises(FileFaultError, match=r"it changed while it was read"):
        _change_after_first(path, lambda p: os.truncate(p, 300_005))


def test_progress_may_cancel(write):
    class StopError(Exception):
        pass

    def stop(done, total):
        raise StopError

    with pytest.raises(StopError), read_file(write("a.csv", GOOD), options=ReadOptions(), on_progress=stop):
        pass


def test_letters_that_are_rare_in_a_language_do_not_speak_for_it(write, refused):
    """Read as cp1250, the opening marks and the ñ of Spanish are letters of Polish, but none of its usual ones."""
    content = f"{GOOD}¿estoy bien? ¿por qui? ¿cual es? ¿y un diseño?,harmful\n".encode("cp1252")
    assert "Its encoding is probably cp1252" in refused("a.csv", content)
    assert "more likely cp1252" in doubts_of(write("a.csv", content), "cp1250")[1][0]
