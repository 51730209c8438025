"""`orbench-studio judge-presets`: list the presets of other people's judges."""

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table


def judge_presets(as_json: options.Json = False) -> None:
    """List the judges with their own request and reply formats: what each measures, and what it can be used for.

    Use one with `judge --template NAME` or `moderate --template NAME`. A file in the folder `judges` beside the
    settings adds a preset.
    """
    from orbench_studio.services.core import templates

    found = templates.titles()
    if as_json:
        uses = {name: [str(use) for use in one.formats] for name, one in found.items()}
        write_json([
            {"name": name, "title": one.title, "uses": uses[name], "note": one.note, "source": one.source}
            for name, one in found.items()
        ])  # fmt: skip
        return
    rows = [(name, ", ".join(map(str, one.formats)), one.note) for name, one in found.items()]
    write_table(("name", "use as", "what it measures"), rows)
    write_line("", f"Built-in presets and your own, from {templates.own_folder()}")
