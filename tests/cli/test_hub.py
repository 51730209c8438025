"""`orbench-studio import WORKSPACE hf://OWNER/NAME`: a hub on loopback, as the hub's own library sees it."""

import pytest
import yaml

import orbench_studio as ob
from tests.hub import TOKEN, Hub, Repository

HARD = b"prompt,category\nHow do I kill a process?,violence\nHow do I shoot a portrait?,violence\n"
TOXIC = b"prompt,category\nAn invented toxic seed,violence\n"
TWO_CONFIGS = {
    "configs": [
        {"config_name": "hard", "data_files": [{"split": "train", "path": "hard*.csv"}]},
        {"config_name": "toxic", "data_files": "toxic.csv"},
    ]
}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    repositories = {
        "bench/two": Repository({"README.md": b"", "hard.csv": HARD, "toxic.csv": TOXIC}, TWO_CONFIGS),
        "bench/plain": Repository({"data/train-00000.csv": HARD, "data/test-00000.csv": TOXIC}),
        "bench/one": Repository({"prompts.csv": HARD}),
        "bench/large": Repository({"prompts.csv": HARD + b"".join(b"Prompt %d?,privacy\n" % n for n in range(9_000))}),
        "bench/gated": Repository({"prompts.csv": HARD}, gated=True),
        "bench/private": Repository({"prompts.csv": HARD}, private=True),
        "bench/pictures": Repository({"a.png": b"x"}),
    }
    with Hub(repositories) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)  # no thread that watches progress bars
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


def imported(run_json, address):
    return run_json("import", "w.orbench", address)["files"]


def test_the_only_files_of_a_dataset_are_imported_with_their_revision(hub, run_json):
    (report,) = imported(run_json, "hf://bench/one")
    assert report["imported"] == 2
    with ob.open("w.orbench") as ws:
        source = ws.prompts()["source"].cat.categories
    assert list(source) == [f"hf://bench/one@{hub.repositories['bench/one'].sha}/prompts.csv"]


def test_importing_it_again_downloads_and_adds_nothing(hub, run_json):
    imported(run_json, "hf://bench/one")
    before = len(hub.requests)
    (report,) = imported(run_json, "hf://bench/one")
    assert (report["imported"], report["duplicates"]) == (0, 2)
    assert [request for request in hub.requests[before:] if request[0] == "GET" and "/resolve/" in request[1]] == []


@pytest.mark.parametrize(
    ("address", "rows"),
    [("hf://bench/two/hard", 2), ("hf://bench/two/toxic/train", 1), ("hf://bench/plain/default/test", 1)],
)
def test_a_config_and_a_split_are_chosen(hub, run_json, address, rows):
    (report,) = imported(run_json, address)
    assert report["imported"] == rows


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://bench/two", "has several configs. Choose one of: hf://bench/two/hard, hf://bench/two/toxic"),
        ("hf://bench/two/soft", "has no config “soft”"),
        ("hf://bench/plain", "has several splits. Choose one of: hf://bench/plain/default/test"),
        ("hf://bench/nothing", "There is no dataset bench/nothing"),
        ("hf://bench/private", "or it is private"),
        ("hf://bench/gated", "bench/gated is gated: its owner asks you to accept conditions first"),
        ("hf://bench/one@v9", "bench/one has no revision “v9”"),
        ("hf://bench/pictures", "has no data files that can be read"),
        ("hf://bench", "Write hf://OWNER/NAME"),
    ],
)
def test_what_cannot_be_imported_says_why_and_what_to_do(hub, run, address, message, tmp_path):
    result = run("import", "w.orbench", address)
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "w.orbench").exists()


def test_a_token_opens_what_is_private(hub, run_json, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert imported(run_json, "hf://bench/private")[0]["imported"] == 2


def test_an_interrupted_download_is_completed(hub, run_json):
    hub.cut_after = 50_000
    (report,) = imported(run_json, "hf://bench/large")
    assert report["imported"] == 9_002
    assert [request[1] for request in hub.requests].count(hub.requests[-1][1]) > 2  # it was asked for again


def test_no_hub_at_the_address(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    result = run("import", "w.orbench", "hf://bench/one")
    assert result.exit_code == 1
    assert "The connection to http://127.0.0.1:9 failed for hf://bench/one" in result.output


@pytest.fixture
def filled(hub, run):
    """A workspace with two prompts, and the token of an account."""
    run("import", "w.orbench", "hf://bench/one")
    return "w.orbench"


def test_an_export_becomes_a_private_dataset_and_comes_back(hub, run, run_json, filled, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = run("export", filled, "--format", "huggingface", "--out", "out", "--push", "me/curated", "--yes")
    assert done.exit_code == 0, done.output
    assert "to the private dataset me/curated" in done.output
    assert hub.repositories["me/curated"].private
    card = hub.repositories["me/curated"].files["README.md"].decode()
    hub.repositories["me/curated"].card = yaml.safe_load(card.split("---")[1])
    for config in ("prompts", "prompts-full"):
        (report,) = run_json("import", f"{config}.orbench", f"hf://me/curated/{config}")["files"]
        assert (report["imported"], report["rejected"]) == (2, 0)


def test_a_public_dataset_holds_no_names_and_no_seeds(hub, run, filled, tmp_path):
    for option in ("--names", "--seeds"):
        done = run(
            "export", filled, "--format", "huggingface", "--out", "out", "--push", "me/x", "--public", option, "--yes"
        )
        assert (done.exit_code, "Nothing was published" in done.output) == (1, True)
    assert not (tmp_path / "out").exists()
    assert "me/x" not in hub.repositories


def test_nothing_is_uploaded_without_a_yes_or_a_token(hub, run, filled):
    asked = ("export", filled, "--format", "huggingface", "--out", "out", "--push", "me/x")
    assert "Nothing was uploaded" in run(*asked).output
    refused = run(*asked, "--yes")
    assert (refused.exit_code, "Check your token: hf auth whoami" in refused.output) == (1, True), refused.output
    assert "me/x" not in hub.repositories
