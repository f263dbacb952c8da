"""The definition of a sweep, from a file: every setting is checked before it runs."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from commstruct.checks import shortened, validation_message
from sims.credit import CreditMode
from sims.loss import Loss
from sims.network import Network, all_to_all, layered
from sims.rule import RULE, BalanceName, Rule
from sims.stages import checkpoint_steps
from sims.step import kept_share
from sims.task import (
    Task,
    association_task,
    digits_task,
    parity_task,
    subtasks_task,
    task_from_file,
)

ActivationName = Literal["sigmoid", "tanh", "relu", "softplus"]


# Tables of several kinds: the key that names the kind, and its default.
DISCRIMINATED = {"network": ("kind", "all-to-all"), "task": ("name", "digits")}


class Section(BaseModel):
    """One table of a definition; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _unique(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("every value must be named once")
    return values


# Sizes are bounded, so that a typing error is refused before it fills the memory: the
# weights of 20,000 neurons take 1.6 GB.
Positive = Annotated[int, Field(ge=1)]
Neurons = Annotated[int, Field(ge=1, le=20_000)]
Samples = Annotated[int, Field(ge=1, le=100_000)]
Steps = Annotated[int, Field(ge=1, le=10**9)]
Marks = Annotated[int, Field(ge=1, le=10_000)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
MAX_RUNS, MAX_PATTERN_VALUES = 1_000_000, 10**8
Share = Annotated[float, Field(gt=0, lt=1)]


class AllToAllSettings(Section):
    """Every neuron may drive every other."""

    kind: Literal["all-to-all"] = "all-to-all"
    n_neurons: Neurons = 300
    gain: Annotated[float, Field(ge=0)] = 0.1
    activation: ActivationName = "sigmoid"
    shortcuts: bool = True
    dale: bool = False
    dtype: Literal["float32", "float64"] = "float32"
    density: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_serializer(mode="wrap")
    def _without_full_density(self, plain: Any) -> dict[str, Any]:
        """Leave out what older definitions do not have, so that stores stay theirs."""
        settings: dict[str, Any] = plain(self)
        if settings.get("density") == 1:
            del settings["density"]
        return settings


class LayeredSettings(Section):
    """Each layer drives the next."""

    kind: Literal["layered"]
    hidden: Annotated[list[Neurons], Field(min_length=1, max_length=1000)]
    gain: Annotated[float, Field(ge=0)] = 1.0
    activation: ActivationName = "sigmoid"
    bias: bool = False
    dale: bool = False
    dtype: Literal["float32", "float64"] = "float32"


class DigitsSettings(Section):
    """Handwritten digits."""

    name: Literal["digits"] = "digits"
    size: Annotated[int, Field(ge=4, le=64)] = 8
    held_out: Share = 1 / 3
    seed: Seed = 0

    def build(self) -> Task:
        """Make the task."""
        return digits_task(size=self.size, held_out=self.held_out, seed=self.seed)


class AssociationSettings(Section):
    """Random patterns, each with a random target."""

    name: Literal["association"]
    n_patterns: Samples = 40
    n_inputs: Neurons = 40
    n_outputs: Neurons = 10
    noise: Annotated[float, Field(ge=0, le=1)] = 0.1
    seed: Seed = 0

    @model_validator(mode="after")
    def _check_size(self) -> "AssociationSettings":
        n_values = self.n_patterns * (self.n_inputs + self.n_outputs)
        if n_values > MAX_PATTERN_VALUES:
            raise ValueError(
                f"the patterns must have at most {MAX_PATTERN_VALUES} values in all"
            )
        return self

    def build(self) -> Task:
        """Make the task."""
        return association_task(**self.model_dump(exclude={"name"}))


class ParitySettings(Section):
    """Whether the number of ones is odd."""

    name: Literal["parity"]
    n_bits: Annotated[int, Field(ge=2, le=16)] = 8
    held_out: Share = 1 / 3
    seed: Seed = 0

    def build(self) -> Task:
        """Make the task."""
        return parity_task(n_bits=self.n_bits, held_out=self.held_out, seed=self.seed)


class SubtasksSettings(Section):
    """Parities of groups of bits of their own."""

    name: Literal["subtasks"]
    n_tasks: Annotated[int, Field(ge=1, le=64)] = 4
    n_bits: Annotated[int, Field(ge=2, le=16)] = 3
    n_samples: Samples = 2000
    held_out: Share = 1 / 3
    seed: Seed = 0

    def build(self) -> Task:
        """Make the task."""
        return subtasks_task(**self.model_dump(exclude={"name"}))


class FileSettings(Section):
    """A task of your own, from a .npz or .csv file."""

    name: Literal["file"]
    path: Annotated[str, Field(min_length=1)]
    held_out: Share = 1 / 3
    seed: Seed = 0

    def build(self) -> Task:
        """Read the task."""
        return task_from_file(self.path, held_out=self.held_out, seed=self.seed)


class RuleSettings(Section):
    """The credit rule; `sims.rule.Rule` has the defaults and checks the values."""

    credit_mode: CreditMode = RULE.credit_mode
    loss: Loss = cast(Loss, RULE.loss)
    settling_steps: Annotated[int, Field(le=10_000)] = RULE.settling_steps
    tolerance: float = RULE.tolerance
    damping: float = RULE.damping
    accelerate: bool = RULE.accelerate
    weight_decay: float = RULE.weight_decay
    balance: BalanceName = cast(BalanceName, RULE.balance)  # a callable is no key

    @field_validator("*")
    @classmethod
    def _check_value(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what a `Rule` refuses, at the key that it is refused for."""
        name = str(info.field_name)
        try:
            Rule(**{name: value})
        except ValueError as error:
            message = str(error).removeprefix(f"{name} ")
            raise PydanticCustomError("refused_by_rule", message) from None
        return value

    def build(self) -> Rule:
        """Make the rule."""
        return Rule(**self.model_dump())


class SweepSettings(Section):
    """Which networks are trained, and for how long."""

    learning_rates: Annotated[
        list[Annotated[float, Field(gt=0)]],
        Field(min_length=1),
        AfterValidator(_unique),
        AfterValidator(sorted),
    ]
    seeds: Annotated[
        list[Seed],
        Field(min_length=1),
        AfterValidator(_unique),
        AfterValidator(sorted),
    ]
    steps: Steps = 3000
    batch_size: Samples = 32
    checkpoints: (
        Marks | Annotated[list[int], Field(min_length=1, max_length=10_000)]
    ) = 5

    @model_validator(mode="after")
    def _check_checkpoints(self) -> "SweepSettings":
        checkpoint_steps(self.checkpoints, self.steps)
        n_runs = len(self.learning_rates) * len(self.seeds)
        if n_runs > MAX_RUNS:
            raise ValueError(f"a sweep must have at most {MAX_RUNS} runs, got {n_runs}")
        return self


class Definition(Section):
    """A sweep: one network, one task, one rule; learning rates and seeds.

    Attributes
    ----------
    network, task, rule, sweep
        The tables of the simulator.
    analysis, report : dict
        The tables of the analysis and the report, which the simulator does not read.

    See Also
    --------
    load_definition : Reads a definition and checks it.

    Examples
    --------
    >>> import sims
    >>> definition = sims.load_definition(
    ...     {"sweep": {"learning_rates": [0.1, 1.0], "seeds": [0, 1, 2]}}
    ... )
    >>> definition.network.n_neurons, definition.rule.settling_steps
    (300, 8)
    """

    network: Annotated[
        AllToAllSettings | LayeredSettings, Field(discriminator="kind")
    ] = AllToAllSettings()
    task: Annotated[
        DigitsSettings
        | AssociationSettings
        | ParitySettings
        | SubtasksSettings
        | FileSettings,
        Field(discriminator="name"),
    ] = DigitsSettings()
    rule: RuleSettings = RuleSettings()
    sweep: SweepSettings
    analysis: dict[str, Any] = Field(default_factory=dict)
    report: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_decay(self) -> "Definition":
        kept_share(self.sweep.learning_rates[-1], self.rule.weight_decay)
        return self

    def simulation(self) -> dict[str, Any]:
        """The tables that decide the weights, as plain data."""
        return self.model_dump(mode="json", exclude={"analysis", "report"})

    @property
    def has_biases(self) -> bool:
        """Whether the networks have biases, which a sweep's store does not keep."""
        return isinstance(self.network, LayeredSettings) and self.network.bias

    def build_network(self, task: Task, *, seed: int = 0) -> Network:
        """Make the untrained network of one seed.

        Parameters
        ----------
        task : Task
            Determines the number of inputs and outputs.
        seed : int
        """
        settings = self.network
        if isinstance(settings, LayeredSettings):
            network = layered(
                [task.n_inputs, *settings.hidden, task.n_outputs],
                gain=settings.gain,
                activation=settings.activation,
                bias=settings.bias,
                dale=settings.dale,
                seed=seed,
                dtype=settings.dtype,
            )
        else:
            network = all_to_all(
                settings.n_neurons,
                n_inputs=task.n_inputs,
                n_outputs=task.n_outputs,
                gain=settings.gain,
                activation=settings.activation,
                shortcuts=settings.shortcuts,
                dale=settings.dale,
                seed=seed,
                dtype=settings.dtype,
                density=settings.density,
            )
        return self.rule.build().with_balance(network)


def load_definition(
    source: "str | Path | Mapping[str, Any] | Definition",
    *,
    overrides: Sequence[str] = (),
) -> Definition:
    """Read a definition and check every key of it.

    Parameters
    ----------
    source : path of a TOML file, mapping, or Definition
        Paths inside a file are relative to the file.
    overrides : sequence of str
        ``"section.key=value"``, the value written as in TOML; a word without quotes is
        text.

    Returns
    -------
    Definition

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not TOML, or a key is unknown, missing or out of range; the
        message has one line for each mistake, with its key.

    See Also
    --------
    run_sweep : Trains what a definition describes.
    load_study : Reads a file that defines several sweeps.

    Examples
    --------
    >>> import sims
    >>> tables = {"sweep": {"learning_rates": [1.0, 0.1], "seeds": [0]}}
    >>> definition = sims.load_definition(tables, overrides=["network.gain=0.5"])
    >>> definition.sweep.learning_rates, definition.network.gain
    ([0.1, 1.0], 0.5)
    >>> sims.load_definition({**tables, "rule": {"damping": 2}})
    Traceback (most recent call last):
    ...
    ValueError: definition is not usable:
      rule.damping: must be from 0 to below 1, got 2.0
    """
    if isinstance(source, Definition):
        if not overrides:
            return source
        source = source.model_dump(mode="json")
    if isinstance(source, Mapping):
        tables, name = _copy_tables(source), "definition"
    else:
        tables, name = read_tables(source), str(source)
    for override in overrides:
        _apply(tables, override)
    for table, (key, default) in DISCRIMINATED.items():
        if isinstance(tables.get(table), dict):
            tables[table].setdefault(key, default)
    try:
        return Definition.model_validate(tables)
    except ValidationError as error:
        raise ValueError(
            f"{name} is not usable:\n{validation_message(error, omit=_KINDS)}"
        ) from None


_KINDS = (
    *("all-to-all", "layered"),
    *("digits", "association", "parity", "subtasks", "file"),
)
"""Words that pydantic adds to the place of a mistake in a table of several kinds."""


def _copy_tables(source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: dict(value) if isinstance(value, Mapping) else value
        for key, value in source.items()
    }


def read_tables(path: str | Path) -> dict[str, Any]:
    """Read the tables of a definition file without checking them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not TOML.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"definition file not found: {path}")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}") from None
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply") from None
    settings = tables.get("settings")
    for part in (tables, *(settings.values() if isinstance(settings, dict) else ())):
        task = part.get("task") if isinstance(part, dict) else None
        if isinstance(task, dict) and isinstance(task.get("path"), str):
            task["path"] = str(path.parent / task["path"])
    return tables


def _apply(tables: dict[str, Any], override: str) -> None:
    place, equals, text = override.partition("=")
    keys = [key.strip() for key in place.split(".")]
    if not equals or len(keys) != 2 or not all(keys):
        raise ValueError(f"an override must read section.key=value, got {override!r}")
    try:
        tables_of_value = tomllib.loads(f"value = {text}")
        value = tables_of_value["value"] if len(tables_of_value) == 1 else text.strip()
    except tomllib.TOMLDecodeError:
        value = text.strip()
    except RecursionError:
        raise ValueError(f"{shortened(place)} is nested too deeply") from None
    table = tables.setdefault(keys[0], {})
    if not isinstance(table, dict):
        raise ValueError(f"{keys[0]} must be a table, got {shortened(table)}")
    table[keys[1]] = value


def stream_seeds(seed: int) -> tuple[int, int]:
    """Seeds of a run's initial weights and batches, the same at every learning rate.

    Parameters
    ----------
    seed : int

    Returns
    -------
    tuple of two int
        Of the untrained network, and of the batches.
    """
    start, batches = np.random.SeedSequence(seed).generate_state(2)
    return int(start), int(batches)
