"""Configuration: one class, environment prefix ``HCDV_``, every setting described.

``docs/configuration.md`` is generated from the descriptions here; a test holds the two together.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from hcdv_stream.errors import HcdvError
from hcdv_stream.valuation.config import EngineConfig, GameName, Peers
from hcdv_stream.valuation.weights import DEFAULT_BETA, DEFAULT_LAMBDA, Weights

PREFIX = "HCDV_"
"""What the name of every setting begins with in the environment."""

Port = Annotated[int, Field(ge=0, le=65535)]


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError("it must be an address, http://HOST:PORT")
    return value


Address = Annotated[str, AfterValidator(_address)]


def _bootstrap(value: str) -> str:
    servers = [part.strip() for part in value.split(",") if part.strip()]
    for server in servers:
        protocol, separator, rest = server.rpartition("://")
        if separator:
            raise ValueError(
                f"leave out {protocol}:// and write {rest or 'HOST:PORT'}"
                if protocol.upper() == "PLAINTEXT"
                else f"{protocol}:// cannot be spoken here: name a plaintext listener as HOST:PORT"
            )
        host, _, port = server.rpartition(":")
        if not host or (":" in host and not re.fullmatch(r"\[[^\]]+\]", host)):
            raise ValueError(f"{server!r} names no port: write HOST:PORT, for instance kafka:9092")
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            raise ValueError(f"{port!r} is no port: write HOST:PORT, for instance kafka:9092")
    if not servers:
        raise ValueError("it names no broker: write HOST:PORT, for instance kafka:9092")
    return ",".join(servers)


Bootstrap = Annotated[str, AfterValidator(_bootstrap)]


class SettingsError(HcdvError):
    """A setting that cannot be used: says its name, its value and the fix."""


class Settings(BaseModel):
    """Every setting of worker, API and tools."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    bootstrap: Bootstrap = Field(
        "127.0.0.1:9092", description="Kafka bootstrap servers, HOST:PORT[,..]."
    )
    topic: str = Field("sessions", min_length=1, description="Topic that sessions arrive on.")
    partitions: int = Field(
        4,
        ge=1,
        description="Partitions that `topics create` gives the topic and that the gateway expects.",
    )
    replication: int = Field(1, ge=1, description="Replicas that `topics create` asks for.")
    dead_letter_suffix: str = Field(
        ".dlq", min_length=1, description="Appended to the topic for sessions that were rejected."
    )
    group: str = Field(
        "hcdv-stream", min_length=1, description="Consumer group; workers of one group share."
    )
    bundle: Path = Field(Path("bundle"), description="Directory that `train` wrote.")
    state_dir: Path = Field(Path("state"), description="Directory of the partitions' state.")
    max_message_bytes: int = Field(
        1_048_576, ge=1024, description="Sessions larger than this go to the dead-letter topic."
    )
    poll_records: int = Field(1500, ge=1, description="Most sessions taken from Kafka at once.")
    poll_seconds: float = Field(
        0.2, gt=0, description="Longest wait for a poll to fill up, in seconds."
    )
    instance: str = Field(
        "auto",
        pattern=r"^[A-Za-z0-9._-]{1,249}$",
        description="Name under which the group keeps a worker's partitions over a restart; auto: "
        "one that is kept in HCDV_STATE_DIR; none: its partitions move at once when it stops.",
    )
    session_timeout_seconds: float = Field(
        30.0,
        ge=1,
        description="Kafka's session timeout: the partitions of a worker that is gone for this "
        "long move to others. Longer than a restart takes.",
    )
    heartbeat_seconds: float = Field(1.5, gt=0, description="Heartbeat to the group coordinator.")
    commit_seconds: float = Field(
        0.5,
        gt=0,
        description="Interval of advisory offset commits; stored offsets are the truth.",
    )
    stall_seconds: float = Field(
        60.0, gt=0, description="With lag and no batch for this long, the worker is not alive."
    )
    truncated_log: Literal["refuse", "accept"] = Field(
        "refuse",
        description="What to do if a log does not begin at its beginning any more: refuse to "
        "start, or accept a truncated corpus, which every answer says.",
    )
    log_check_seconds: float = Field(
        2.0,
        gt=0,
        description="How often a worker asks whether the topic is still the log it began with.",
    )
    sync_writes: bool = Field(
        False, description="Fsync every update: survives power loss, costs disk latency."
    )
    update_log_length: int = Field(
        10_000, ge=1, description="Updates whose log entries are kept in the state."
    )
    verify_seconds: float = Field(
        1.0,
        ge=0,
        description="The worker replays a random leaf this often and stops if it differs from "
        "what is stored; 0: never. Takes at most a hundredth of a processor.",
    )

    foreign_ids: Literal["accept", "reject"] = Field(
        "accept",
        description="A session whose id belongs to another provider's example: accept replaces the "
        "example, reject sends the session to the dead-letter topic.",
    )
    erasure_seconds: float = Field(
        3600.0,
        ge=1,
        description="After a deletion, the time within which no byte of the example is left in the "
        "state's files and in the API's past states.",
    )

    game: GameName = Field("routed", description="Game: routed, or algorithm1 (as printed).")
    peers: Peers = Field(
        "other-providers",
        description="Which examples of a leaf are peers: other-providers, all, off.",
    )
    neighbours: int = Field(5, description="k of the k-nearest-neighbour utility.")
    leaf_size: int = Field(
        64,
        description="M, the most examples a leaf keeps after an update. Larger leaves find more "
        "wrong labels, above all of a rare class; an update takes longer.",
    )
    branching: tuple[int, ...] = Field(
        (16, 64), description="K1,K2: most children of upper nodes and of the parents of leaves."
    )
    tau: float | Literal["auto"] = Field(
        "auto", description="Cosine distance beyond which a session founds a leaf; auto: bundle's."
    )
    rebalance_every: int = Field(3, description="m, the updates between two rebalances.")
    merge_below: int = Field(8, description="Leaves under this size are merged at a rebalance.")
    update_size: int = Field(150, description="Sessions that make one update of the tree.")
    permutations: int = Field(64, description="T, permutations per sampled game (algorithm1).")
    trusted_mark: bool = Field(
        False,
        description='Sessions that say `"trusted": true` join V instead of being valued. Whoever '
        "may write to the topic can say so.",
    )
    trusted_providers: tuple[str, ...] = Field(
        (),
        description="Providers whose sessions join V instead of being valued, separated by commas; "
        "with HCDV_TRUSTED_MARK only those that say so.",
    )
    validation_most: int = Field(
        0,
        description="Most evaluators of a class and partition: as trusted sessions join, the "
        "oldest leave at an update's end; 0: as many as the bundle has of it, or an even share of "
        "all that it has if that is more.",
    )
    validation_least: int = Field(
        50, description="So many evaluators of a class stay, however old they are."
    )
    validation_horizon: float = Field(
        0.0,
        description="Age in seconds, in the stream's event time, at which an evaluator leaves once "
        "trusted sessions join; the bundle's are as old as the stream. 0: never.",
    )
    peer_horizon: float = Field(
        0.0,
        description="Age in seconds, in the stream's event time, from which on an example is no "
        "peer of others; it is still valued. 0: never.",
    )
    seed: int = Field(0, ge=0, description="Seed of whatever is sampled.")

    utility: str = Field(
        "balanced", description="Utility read by default: balanced, accuracy or class:<label>."
    )
    beta: float = Field(
        DEFAULT_BETA, description="The peers' share of the evaluation by default, 0 to 1."
    )
    lam: float = Field(
        DEFAULT_LAMBDA, description="Weight λ of the cross-label contrast read by default."
    )

    api_host: str = Field("127.0.0.1", description="Address that the API listens on.")
    api_port: Port = Field(8080, description="Port of the API; 0 takes a free one.")
    api_refresh_seconds: float = Field(
        0.05, gt=0, description="How often the API looks for a new update."
    )
    api_stale_seconds: float = Field(
        15.0,
        gt=0,
        description="A partition counts as stale, and an API as not ready, if its worker or the "
        "broker has been silent for so long; its lag is unknown after a third of that.",
    )
    api_auth: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether requests need a key; auto: where HCDV_API_KEYS is set, and on any "
        "address but this machine's own.",
    )
    api_keys: Path | None = Field(
        None, description="File of API keys, hashed: `hcdv-stream key` writes its lines."
    )
    api_cors_origins: tuple[str, ...] = Field(
        (), description="Origins whose pages may read answers, separated by commas; none: no page."
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Further names that requests to worker, API and gateway may be for, separated "
        "by commas: a proxy's, say. Where a process listens on loopback, others are refused.",
    )
    api_max_connections: int = Field(
        512,
        ge=8,
        description="Connections held at once, by API or gateway, and at most half of the file "
        "descriptors; beyond, those that have waited longest for their client are closed.",
    )
    api_max_head_bytes: int = Field(
        32_768, ge=1024, description="Larger request lines with their headers are refused."
    )
    api_request_seconds: float = Field(
        10.0, gt=0, description="Longest time for a request's head to arrive, and for its body."
    )
    api_max_body_bytes: int = Field(
        1_048_576, ge=1024, description="Larger request bodies are refused."
    )
    api_max_requests: int = Field(
        256, ge=2, description="Requests answered at once; half of them may be event streams."
    )
    api_timeout_seconds: float = Field(
        30.0, gt=0, description="Longest time until an answer begins."
    )
    api_write_seconds: float = Field(
        30.0, gt=0, description="A client that reads nothing of its answer for so long is cut off."
    )
    api_stream_seconds: float = Field(
        3600.0,
        gt=0,
        description="An event stream ends after so long: clients connect again by themselves.",
    )
    api_kept_views: int = Field(
        16, ge=1, description="States that lists were answered from and pages can go on from."
    )
    api_history_views: int = Field(
        32, ge=2, description="Past states kept for histories, ever further apart."
    )
    api_history_mib: int = Field(
        128,
        ge=1,
        description="Most memory for past states, those that pages go on from among them, in MiB; "
        "the oldest go first.",
    )
    api_url: Address = Field(
        "http://127.0.0.1:8080", description="API or gateway that top, example, ... and watch ask."
    )
    api_key: SecretStr | None = Field(None, description="API key that they show.")
    gateway_host: str = Field("127.0.0.1", description="Address that the gateway listens on.")
    gateway_port: Port = Field(8090, description="Port of the gateway; 0 takes a free one.")
    gateway_sidecars: tuple[Address, ...] = Field(
        (), description="Addresses of the APIs that the gateway asks, http://HOST:PORT[,..]."
    )
    gateway_key: SecretStr | None = Field(
        None, description="API key with the scope `shard` that the gateway shows the APIs."
    )
    gateway_timeout_seconds: float = Field(
        5.0,
        gt=0,
        description="An API whose answer is not whole after this long counts as missing.",
    )
    gateway_max_answer_mib: int = Field(
        64, ge=1, description="An API whose answer is larger than this, in MiB, counts as missing."
    )
    metrics_host: str = Field("127.0.0.1", description="Address of the worker's metrics.")
    metrics_port: Port = Field(9108, description="Port of the worker's metrics; 0: a free one.")
    timings: Path | None = Field(
        None, description="File to which the worker appends how long every poll took, as NDJSON."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line written."
    )
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people or JSON.")

    @field_validator("branching", mode="before")
    @classmethod
    def _split_branching(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(int(part) for part in value.split(","))
        return value

    @field_validator("trusted_providers", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (part.strip() for part in value.split(",")) if part)
        return value

    @field_validator("api_cors_origins", "gateway_sidecars", "allowed_hosts", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        if isinstance(value, str):
            parts = (part.strip().rstrip("/") for part in value.split(","))
            return tuple(part for part in parts if part)
        return value

    @property
    def dead_letter_topic(self) -> str:
        """Name of the topic that rejected sessions go to."""
        return self.topic + self.dead_letter_suffix

    @property
    def weights(self) -> Weights:
        """How values are weighed when a reader does not say."""
        return Weights(self.utility, self.beta, self.lam)

    def engine(self, tau: float) -> EngineConfig:
        """Return the engine's parameters; ``tau`` is the bundle's, used where it is ``auto``."""
        return EngineConfig(
            game=self.game,
            peers=self.peers,
            neighbours=self.neighbours,
            leaf_size=self.leaf_size,
            branching=self.branching,
            tau=tau if self.tau == "auto" else self.tau,
            rebalance_every=self.rebalance_every,
            merge_below=self.merge_below,
            update_size=self.update_size,
            permutations=self.permutations,
            contrast=self.lam,
            seed=self.seed,
            validation_most=self.validation_most,
            validation_least=self.validation_least,
            validation_horizon=self.validation_horizon,
            peer_horizon=self.peer_horizon,
        )


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; ``overrides`` that are not None win.

    Raises SettingsError, which names the setting, the value and what it may be.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings.model_validate(_in_environment(os.environ) | given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"][:1]).upper()
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}={first['input']!r}: {message}") from error
    try:
        settings.engine(tau=1.0)
        _ = settings.weights
    except ValueError as error:
        name = PREFIX + str(error).split(" ", maxsplit=1)[0].replace("lambda", "lam").upper()
        raise SettingsError(f"{name}: {error}") from error
    if settings.game != "routed" and (settings.trusted_mark or settings.trusted_providers):
        name = "TRUSTED_MARK" if settings.trusted_mark else "TRUSTED_PROVIDERS"
        raise SettingsError(
            f"{PREFIX}{name}: in the game {settings.game} V stays as it is: "
            f"unset it, or set {PREFIX}GAME=routed"
        )
    return settings


def _in_environment(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the settings that the environment holds, as text."""
    variables = {name: PREFIX + name.upper() for name in Settings.model_fields}
    return {name: environment[key] for name, key in variables.items() if key in environment}
