"""Preferences in a file: kept whole, behind a link too, and not lost where somebody mistyped."""

import sys

import pytest

from orbench_studio.settings import load_settings


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_one(tmp_path):
    file, link = tmp_path / "dotfiles" / "studio.json", tmp_path / "settings.json"
    file.parent.mkdir()
    link.symlink_to(file)
    settings = load_settings(link)
    settings.annotator = "ada"
    settings.save()
    assert link.is_symlink() and load_settings(file).annotator == "ada"


def test_a_file_with_a_slip_is_kept_aside(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text('{"annotator": "ada",}', encoding="utf-8")
    settings = load_settings(file)
    settings.save()
    assert (tmp_path / "settings.json.unreadable").read_text(encoding="utf-8") == '{"annotator": "ada",}'
    assert load_settings(file).recheck == settings.recheck
    assert sorted(one.name for one in tmp_path.iterdir()) == ["settings.json", "settings.json.unreadable"]
