"""`orbench-studio models`: list available models."""

from typing import Annotated

import typer

from orbench_studio.cli.console import write_json, write_line


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List vendors with their keys, model servers on this machine, and models that need neither."""
    from orbench_studio.services.evaluation import model_catalogue

    vendors, servers, built_in = model_catalogue.vendors(), model_catalogue.local_servers(), model_catalogue.built_in()
    if as_json:
        found = [vendor._asdict() for vendor in vendors]
        write_json({"vendors": found, "servers": [server._asdict() for server in servers], "built_in": built_in})
        return
    for vendor in vendors:
        state = "key found" if vendor.has_key else f"no key in {vendor.key_variable} or the keyring"
        write_line(f"{vendor.prefix:<12}  {vendor.title}: {state}")
    for server in servers:
        write_line(f"{server.title} on this machine: {', '.join(server.models) or 'no models'}")
    if not servers:
        write_line(
            f"No model server runs on this machine. Supported: {', '.join(model_catalogue.supported_servers())}."
        )
    write_line(f"Without a key or server: {', '.join(built_in)}")
