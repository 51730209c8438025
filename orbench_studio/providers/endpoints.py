"""Where models are: names as the ecosystem writes them, vendors' endpoints, and the servers of this machine."""

import os
import platform
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from orbench_studio.errors import StudioError

LOCAL_SLOTS = 2  # answers of the local model under way at once; more only share the same processor
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Protocol(StrEnum):
    """What an endpoint speaks."""

    CHAT = "chat completions"
    MESSAGES = "anthropic messages"
    SIMULATED = "simulated"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Preset:
    """A vendor's usual endpoint. `key_variables` are the environment variables that may hold the key; none: no key."""

    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    protocol: Protocol = Protocol.CHAT


PRESETS = {
    "openai": Preset("OpenAI", "https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "anthropic": Preset("Anthropic", "https://api.anthropic.com/v1", ("ANTHROPIC_API_KEY",), Protocol.MESSAGES),
    "azure": Preset("Azure OpenAI", "", ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY")),
    "gemini": Preset(
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
    "mistral": Preset("Mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    "together": Preset("Together", "https://api.together.xyz/v1", ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY")),
    "openrouter": Preset("OpenRouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    "groq": Preset("Groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "deepseek": Preset("DeepSeek", "https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    "ollama": Preset("Ollama", "http://127.0.0.1:11434/v1"),
    "lmstudio": Preset("LM Studio", "http://127.0.0.1:1234/v1"),
    "vllm": Preset("vLLM", "http://127.0.0.1:8000/v1"),
    "llamacpp": Preset("llama.cpp", "http://127.0.0.1:8080/v1"),
    "local": Preset("this machine", "", protocol=Protocol.LOCAL),
    "simulated": Preset("simulated", "", protocol=Protocol.SIMULATED),
}
WITH_BATCHES = ("openai", "anthropic")
ON_THIS_MACHINE = ("ollama", "lmstudio", "vllm", "llamacpp")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one model is, and what it is called there."""

    name: str
    vendor: str
    model: str
    base_url: str
    protocol: Protocol
    key_variables: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether its answers are made up."""
        return self.protocol is Protocol.SIMULATED

    def at_most(self, at_once: int) -> int:
        """How many of so many requests at once it can answer side by side, as far as anybody but its vendor knows."""
        return min(at_once, LOCAL_SLOTS) if self.protocol is Protocol.LOCAL else at_once

    @property
    def on_this_machine(self) -> bool:
        """Whether requests go no further than this machine, as far as can be seen from here."""
        return not self.base_url or urlsplit(self.base_url).hostname in LOOPBACK

    @property
    def limits_name(self) -> str:
        """What its limits are kept under; the same address on another machine is another server."""
        whose = f"{platform.node()} " if self.on_this_machine else ""
        return f"{whose}{self.base_url or self.vendor} {self.model}"

    @property
    def free(self) -> bool:
        """Whether it costs nothing: a model server here, and not something that hands on to a vendor."""
        return self.on_this_machine and (self.vendor in ON_THIS_MACHINE or not self.base_url)


def endpoint(name: str, base_url: str | None = None) -> Endpoint:
    """Where the model `vendor/model` is. With `base_url` any vendor's name will do; its key is `VENDOR_API_KEY`."""
    vendor, _, model = name.partition("/")
    if not vendor or not model:
        raise StudioError(f"{name!r} is no model's name. Write vendor/model, such as openai/gpt-4o or ollama/llama3.")
    preset = PRESETS.get(vendor)
    if preset is None and base_url is None:
        raise StudioError(
            f"{name!r}: there is no vendor {vendor!r}. Known are {', '.join(PRESETS)}; for any other endpoint that "
            f"speaks OpenAI's Chat Completions give its address (--base-url)."
        )
    if preset is None:
        variable = "".join(c if c.isalnum() else "_" for c in vendor).upper() + "_API_KEY"
        preset = Preset(vendor, "", (variable,))
    return Endpoint(name, vendor, model, _address(vendor, preset, base_url), preset.protocol, preset.key_variables)


def require_batches(place: Endpoint) -> None:
    """Whether the vendor has batches of its own that the studio speaks; StudioError where not."""
    if place.vendor not in WITH_BATCHES:
        names = " and ".join(f"{vendor}/" for vendor in WITH_BATCHES)
        raise StudioError(f"{place.name}: only {names} have batches of their own. Send it live.")


def _address(vendor: str, preset: Preset, base_url: str | None) -> str:
    address = (base_url or preset.base_url).rstrip("/")
    if vendor == "azure" and not address:
        resource = os.environ.get("AZURE_OPENAI_ENDPOINT", "").rstrip("/")
        if not resource:
            raise StudioError(
                "azure: the address of your resource is not known. Put it in the environment variable "
                "AZURE_OPENAI_ENDPOINT (https://NAME.openai.azure.com), or give it with --base-url."
            )
        address = f"{resource}/openai/v1"
    if address:
        _require_address(address)
    return address


def _require_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
        parts = urlsplit("")
    if not whole:
        raise StudioError(f"{address!r} is no address of an endpoint. Write it as https://HOST/v1.")
    if parts.username or parts.password:
        raise StudioError("An address must not contain a name or a password; keys come from the environment.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not _is_private(parts.hostname or ""):
        raise StudioError(f"{address} would send prompts and the key unencrypted. Use https.")


def _is_private(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal"))
