"""Endpoints of models: model names, vendors, and model servers on this machine."""

import os
import platform
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.errors import StudioError

LOCAL_SLOTS = 2  # concurrent requests of the local model; more only share the same CPU
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Protocol(StrEnum):
    CHAT = "chat completions"
    MESSAGES = "anthropic messages"
    SIMULATED = "simulated"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Preset:
    """A vendor's default endpoint. `key_variables` are environment variables for its key; empty if it needs none."""

    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    protocol: Protocol = Protocol.CHAT


PRESETS = {
    "openai": Preset("OpenAI", "https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "anthropic": Preset("Anthropic", "https://api.anthropic.com/v1", ("ANTHROPIC_API_KEY",), Protocol.MESSAGES),
    "azure": Preset("Azure OpenAI", "", ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_AD_TOKEN")),
    "bedrock": Preset("Claude on Amazon Bedrock", "https://bedrock-runtime.amazonaws.com", (), Protocol.MESSAGES),
    "vertex": Preset("Claude on Google Vertex AI", "https://aiplatform.googleapis.com/v1", (), Protocol.MESSAGES),
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
    "xai": Preset("xAI", "https://api.x.ai/v1", ("XAI_API_KEY",)),
    "qwen": Preset("Qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",)),
    "moonshot": Preset("Moonshot AI", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",)),
    "ollama": Preset("Ollama", "http://127.0.0.1:11434/v1"),
    "lmstudio": Preset("LM Studio", "http://127.0.0.1:1234/v1"),
    "vllm": Preset("vLLM", "http://127.0.0.1:8000/v1"),
    "llamacpp": Preset("llama.cpp", "http://127.0.0.1:8080/v1"),
    "local": Preset("this machine", "", protocol=Protocol.LOCAL),
    "simulated": Preset("simulated", "", protocol=Protocol.SIMULATED),
}
BATCH_VENDORS = ("openai", "anthropic")
LOCAL_SERVERS = ("ollama", "lmstudio", "vllm", "llamacpp")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of one model, and the model's name there."""

    name: str
    vendor: str
    model: str
    base_url: str
    protocol: Protocol
    key_variables: tuple[str, ...]

    @property
    def adaptations(self) -> tuple[Adaptation, ...]:
        """What is known of all models of the vendor: OpenAI's accept the newer name of the token limit."""
        return (Adaptation.LIMIT_NAME,) if self.base_url == PRESETS["openai"].base_url else ()

    @property
    def simulated(self) -> bool:
        return self.protocol is Protocol.SIMULATED

    def concurrency(self, limit: int) -> int:
        """The number of concurrent requests within the limit that the model can process."""
        return min(limit, LOCAL_SLOTS) if self.protocol is Protocol.LOCAL else limit

    @property
    def is_local(self) -> bool:
        """Whether requests stay on this machine."""
        return not self.base_url or urlsplit(self.base_url).hostname in LOOPBACK

    @property
    def rate_limit_key(self) -> str:
        """The key of its shared rate limit. The same local address on another machine is another server."""
        machine = f"{platform.node()} " if self.is_local else ""
        return f"{machine}{self.base_url or self.vendor} {self.model}"

    @property
    def is_free(self) -> bool:
        """Whether requests are free: a model server here, and not a proxy of a vendor."""
        return self.is_local and (self.vendor in LOCAL_SERVERS or not self.base_url)


def endpoint(name: str, base_url: str | None = None) -> Endpoint:
    """The endpoint of `vendor/model`. With `base_url`, any vendor name is valid; its key is `VENDOR_API_KEY`."""
    vendor, _, model = name.partition("/")
    if not vendor or not model:
        raise StudioError(
            f"{name!r} is not a model name. Write vendor/model, for example openai/gpt-4o or ollama/llama3."
        )
    preset = PRESETS.get(vendor)
    if preset is None and base_url is None:
        raise StudioError(
            f"{name!r}: the vendor {vendor!r} is unknown. Known vendors: {', '.join(PRESETS)}. For another endpoint "
            f"with the Chat Completions API, give its base URL (--base-url)."
        )
    if preset is None:
        variable = "".join(c if c.isalnum() else "_" for c in vendor).upper() + "_API_KEY"
        preset = Preset(vendor, "", (variable,))
    return Endpoint(name, vendor, model, _address(vendor, preset, base_url), preset.protocol, preset.key_variables)


def require_batches(target: Endpoint) -> None:
    """Raise StudioError if the vendor has no supported batch API."""
    if target.vendor not in BATCH_VENDORS:
        names = " and ".join(f"{vendor}/" for vendor in BATCH_VENDORS)
        raise StudioError(f"{target.name}: only {names} have a batch API. Send the requests live.")


def _address(vendor: str, preset: Preset, base_url: str | None) -> str:
    address = (base_url or preset.base_url).rstrip("/")
    if vendor == "azure" and not address:
        resource = os.environ.get("AZURE_OPENAI_ENDPOINT", "").rstrip("/")
        if not resource:
            raise StudioError(
                "azure: the address of your resource is missing. Set the environment variable AZURE_OPENAI_ENDPOINT "
                "(https://NAME.openai.azure.com), or use --base-url."
            )
        address = f"{resource}/openai/v1"
    if address:
        _require_address(address)
    return address


def _require_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
        parts = urlsplit("")
    if not is_valid:
        raise StudioError(f"{address!r} is not a base URL. Write it as https://HOST/v1.")
    if parts.username or parts.password:
        raise StudioError(
            "A base URL must not contain a user name or a password. Set the key as an environment variable."
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not _is_private(parts.hostname or ""):
        raise StudioError(f"{address} would send the prompts and the key unencrypted. Use https.")


def _is_private(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal"))
