"""Tables of the command line: complete in a pipe, fitted to a terminal, and safe against what their cells contain."""

import sys

from orbench_studio.cli.console import write_table

ROWS = [("north", 1319, "3.5 %"), ("a" * 500, None, "-"), ("two\nlines [red]x[/red]", 7, "12.0 %")]


def test_a_pipe_gets_each_row_in_one_line_with_complete_values(capsys):
    write_table(("name", "prompts", "share"), ROWS, indent=2)
    header, north, long, quoted = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "prompts", "share"]
    assert north.split() == ["north", "1,319", "3.5", "%"]
    assert long.split() == ["a" * 500, "-"]
    assert r"two\nlines [red]x[/red]" in quoted
    assert all(line.startswith("  ") for line in (header, north, long, quoted))


def test_columns_of_numbers_are_aligned_to_the_right(capsys):
    write_table(("name", "prompts"), [("a", 5), ("b", 12_345)])
    assert capsys.readouterr().out.splitlines() == ["name  prompts", "a           5", "b      12,345"]


def test_a_terminal_wraps_long_cells(capsys, monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _self: True)
    monkeypatch.setenv("COLUMNS", "60")
    write_table(("name", "prompts", "share"), ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert sum(line.count("a") for line in lines) >= 500
    assert set(lines[1]) == {"─"}


def test_nothing_is_written_without_rows(capsys):
    write_table(("name",), [])
    assert capsys.readouterr().out == ""
