"""`push` and `pull`: a workspace into a database and back, as a user types it."""

from orbench_studio.services.data.demo import demo_workspace


def test_push_and_pull(run, run_json, postgres, tmp_path):
    demo_workspace(tmp_path / "mine.orbench").close()
    there = postgres.new()
    pushed = run("push", "mine.orbench", there)
    assert pushed.exit_code == 0
    assert pushed.stdout == f"mine.orbench was copied to {there}. To open it: orbench-studio {there}\n"
    pulled = run("pull", there, "back.orbench")
    assert (pulled.exit_code, pulled.stderr) == (0, "")
    assert run_json("stats", "mine.orbench") == run_json("stats", there) == run_json("stats", "back.orbench")
    again = run("push", "mine.orbench", there)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "already contains a workspace" in again.stderr
    assert run("check", there).exit_code == 0


def test_what_is_no_address_is_misspelt(run, tmp_path):
    demo_workspace(tmp_path / "mine.orbench").close()
    for words in (("push", "mine.orbench", "other.orbench"), ("pull", "other.orbench", "mine.orbench")):
        result = run(*words)
        assert result.exit_code == 2
        assert "not a database address" in " ".join(result.stderr.split())
    assert not (tmp_path / "other.orbench").exists()
