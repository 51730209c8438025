"""The files of a dataset folder: those that its card lists, in each way in which cards list them."""

import pytest

from orbench_studio.services.data.file_members import expanded

FILES = ("a/deep/x.jsonl", "a/more.csv", "test.csv", "train.csv")


@pytest.mark.parametrize(
    ("config", "read"),
    [
        ('data_files: "train.csv"', ["train.csv"]),
        ("data_files: [train.csv, 'a/more.csv']", ["a/more.csv", "train.csv"]),
        ("data_files:\n  - train.csv\n  - a/more.csv", ["a/more.csv", "train.csv"]),
        ("data_files:\n  - split: a\n    path: [train.csv, a/more.csv]\n  - split: b\n    path: test.csv", FILES[1:]),
        ("data_files:\n  - split: train\n    path:\n    - ./t*.csv  # both", ["test.csv", "train.csv"]),
        ("data_files:\n    train: train.csv\n    test: [test.csv]", ["test.csv", "train.csv"]),
        ("data_files:\n  - split: train\n    path: 'a/**'", ["a/deep/x.jsonl", "a/more.csv"]),
        ("data_files: '**/*.csv'", ["a/more.csv", "test.csv", "train.csv"]),
        ("data_dir: a", ["a/deep/x.jsonl", "a/more.csv"]),
        ("data_dir: a\n  data_files: more.csv", ["a/more.csv"]),
        ("data_files: ../*.csv", FILES),
        ("data_files: [", FILES),
    ],
)  # fmt: skip
def test_the_files_that_a_card_lists_are_read_and_the_others_named(tmp_path, config, read):
    folder = tmp_path / "data"
    for name in ("../outside.csv", *FILES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("prompt\nMay I?\n")
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: one\n  {config}\n---\n# Data\n")
    warned = []
    with expanded([folder], warned.append) as files:
        assert sorted(file.relative_to(folder).as_posix() for file in files) == sorted(read)
    assert all(name in "".join(warned) for name in {*FILES} - {*read})
