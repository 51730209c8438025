"""`orbench-studio models` and `prices`: list available models, and show or update prices."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_error, write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted


def models(as_json: options.Json = False) -> None:
    """List vendors with their keys, model servers on this machine, and models that need neither."""
    from orbench_studio.services.evaluation import model_catalogue

    vendors, servers, built_in = model_catalogue.vendors(), model_catalogue.local_servers(), model_catalogue.built_in()
    if as_json:
        found = [vendor._asdict() for vendor in vendors]
        write_json({"vendors": found, "servers": [server._asdict() for server in servers], "built_in": built_in})
        return
    states = ["found" if v.has_key else f"none in {v.key_variable} or the keyring" for v in vendors]
    write_table(
        ("vendor", "name", "key"), [(v.prefix, v.title, state) for v, state in zip(vendors, states, strict=True)]
    )
    write_line("")
    for server in servers:
        write_line(f"{server.title} on this machine: {', '.join(server.models) or 'no models'}")
    if not servers:
        write_line(
            f"No model server runs on this machine. Supported: {', '.join(model_catalogue.supported_servers())}."
        )
    write_line("")
    write_table(("without a key or server", "what it does"), [(name, model_catalogue.about(name)) for name in built_in])


class Action(StrEnum):
    """An action on the prices."""

    LIST = "list"
    UPDATE = "update"


def prices(
    action: Annotated[Action, typer.Argument(help="Action.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="With update: LiteLLM's model prices, or a price file of the studio."),
    ] = None,
    dated: Annotated[
        str | None, typer.Option(metavar="DATE", help="With update: date of the prices. Default: date of the file.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the prices of models (USD per million tokens), or update them from a file that you downloaded.

    The update is stored in your configuration folder. Models that the file does not have keep their prices and dates.
    """
    if action is Action.UPDATE:
        if file is None:
            raise typer.BadParameter("Name the file: prices update FILE.", param_hint="FILE")
        _update(file, dated, as_json=as_json)
    else:
        _list(as_json=as_json)


def _update(file: Path, dated: str | None, *, as_json: bool) -> None:
    from orbench_studio.services.evaluation.price_update import update_prices

    result = update_prices(file, dated)
    if as_json:
        write_json(
            {"file": str(result.prices.file), "dated": result.prices.dated, "models": len(result.prices.by_model),
             "added": result.added, "changed": result.changed, "unchanged": result.unchanged, "older": result.older}
        )  # fmt: skip
        return
    new = f"{result.added:,} added, {result.changed:,} changed, {result.unchanged:,} unchanged"
    write_line(f"{result.prices.file}: prices of {result.prices.dated}, {new}.")
    if result.older:
        write_line(f"{counted(result.older, 'model')} not in {file.name}: their prices and dates are unchanged.")


def _list(*, as_json: bool) -> None:
    from orbench_studio.services.evaluation.prices import age_warning, load_prices

    found = load_prices()
    warning = age_warning(found.by_model, found)
    if as_json:
        by_model = {
            name: price._asdict() | {"dated": price.dated or found.dated} for name, price in found.by_model.items()
        }
        write_json({"file": str(found.file), "dated": found.dated, "models": by_model, "warning": warning})
        return
    write_line(f"{found.file}: {counted(len(found.by_model), 'model')}, prices of {found.dated}.")
    for name, price in found.by_model.items():
        batch = "" if price.batch == 1.0 else f", batch x {price.batch:g}"
        write_line(f"{name}: {price.input:g} input, {price.output:g} output{batch}, {price.dated or found.dated}")
    if warning:
        write_error(warning)
