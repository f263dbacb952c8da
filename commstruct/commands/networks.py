"""From what a command is given to connectomes: files, datasets, runs of sweeps."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commstruct.connectome import Connectome


def reading_of(networks: list[str], **options: Any) -> dict[str, Any]:
    """Options of reading files that were given, as `read_connectome` takes them."""
    usual = {"duplicates": "sum", "self_connections": "keep"}
    given = {
        name: value
        for name, value in options.items()
        if value is not None and usual.get(name) != value
    }
    if given and all(network.startswith("dataset:") for network in networks):
        raise ValueError(
            f"--{next(iter(given)).replace('_', '-')} is for files, got only datasets"
        )
    if "max_memory" in given:
        given["max_memory"] = int(given["max_memory"] * 1e9)
    if "columns" in given:
        pairs = [text.partition("=") for text in given["columns"]]
        for text, (role, sign, name) in zip(given["columns"], pairs, strict=True):
            if not (role and sign and name):
                raise ValueError(f"--columns must be ROLE=NAME, got {text!r}")
        given["columns"] = {role: name for role, _, name in pairs}
    return given


def reading_words(reading: dict[str, Any]) -> list[str]:
    """The same options as words of a command."""
    words = []
    for name, value in reading.items():
        option = f"--{name.replace('_', '-')}"
        if name == "columns":
            words += [f"{option}={role}={column}" for role, column in value.items()]
        elif name == "max_memory":
            words.append(f"{option}={value / 1e9:g}")
        elif name == "directed":
            words.append("--directed" if value else "--undirected")
        elif isinstance(value, list):
            words += [f"{option}={item}" for item in value]
        else:
            words.append(f"{option}={value}")
    return words


def read_network(network: str, reading: dict[str, Any]) -> "Connectome":
    """Read a file, or one of the connectomes that ship, and say what was read."""
    from commstruct.datasets import load_dataset
    from commstruct.files import read_connectome_with_report
    from commstruct.files.stores import split_run

    log = logging.getLogger("commstruct")
    if network.startswith("dataset:"):
        connectome = load_dataset(network.removeprefix("dataset:"))
        known = ", ".join(map(str, connectome.attributes)) or "none"
        log.info("%s: %r; attributes: %s", network, connectome, known)
        return connectome
    path, run = split_run(network)
    connectome, read = read_connectome_with_report(path, **reading, **run)
    log.info("%s", read)
    return connectome


def runs_of(store: str) -> tuple[list[str], str]:
    """Runs of a sweep store that did not diverge, and their groups: learning rates."""
    from commstruct.analysis.sweeps import open_sweep

    runs = [run for run in open_sweep(store).runs if not run.has_diverged]
    networks = [f"{store}@{run.learning_rate},{run.seed}" for run in runs]
    return networks, ",".join(str(run.learning_rate) for run in runs)


def read_groups(groups: str, networks: list[str]) -> list[str]:
    """Group of each network, from words with commas between them or from a table."""
    if not Path(groups).is_file():
        found = [group.strip() for group in groups.split(",")]
        if len(found) != len(networks) or not all(found):
            raise ValueError(
                f"--groups must be one word per network ({len(networks)}) with commas "
                f"between, or a CSV file, got {groups!r}"
            )
        return found
    import pandas as pd

    table = pd.read_csv(groups, dtype=str)
    if not {"network", "group"} <= set(table.columns):
        raise ValueError(
            f"{groups}: must have the columns network and group, got "
            f"{', '.join(map(str, table.columns))}"
        )
    of = dict(zip(table["network"], table["group"], strict=True))
    known = [of.get(network, of.get(Path(network).name)) for network in networks]
    if None in known:
        raise ValueError(f"{groups}: has no row for {networks[known.index(None)]}")
    return [str(group) for group in known]


def names_of(networks: list[str]) -> list[str]:
    """Short names of networks, all different."""
    names = [short_name(network) for network in networks]
    if len(set(names)) == len(names):
        return names
    if len(set(networks)) < len(networks):
        repeated = next(name for name in networks if networks.count(name) > 1)
        raise ValueError(f"networks must be different, got {repeated} twice")
    return networks


def short_name(network: str) -> str:
    """Return a dataset's name, a run's rate and seed, or a file's name, no ending."""
    from commstruct.files.stores import split_run

    store, run = split_run(network)
    if run:
        return f"{Path(store).stem}@{network.removeprefix(f'{store}@')}"
    return Path(network.removeprefix("dataset:")).stem


def some_of(names: tuple[str, ...]) -> str:
    """The first eight of many names."""
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def folders_of(networks: list[str], out: Path) -> list[Path]:
    """Where the results of each network go."""
    if len(networks) == 1:
        return [out]
    names = [short_name(network) for network in networks]
    if len(set(names)) < len(names):
        raise ValueError(
            f"networks must have different names, got {', '.join(networks)}"
        )
    return [out / name for name in names]


def is_store(network: str) -> bool:
    """Whether a path is a sweep store; the reader says what is wrong with others."""
    try:
        metadata = json.loads((Path(network) / "zarr.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    attributes = metadata.get("attributes") if isinstance(metadata, dict) else None
    return isinstance(attributes, dict) and "commstruct" in str(
        attributes.get("format")
    )
