"""`orbench-studio models`: list available models."""

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table


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
