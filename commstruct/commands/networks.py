"""The networks that a command names: files, datasets, sweep stores and their runs."""

from pathlib import Path

from commstruct.commands.reading import is_store as is_store


def runs_of(store: str) -> tuple[list[str], str]:
    """Return the runs of a store that did not diverge, and their rates as groups."""
    from commstruct.analysis.sweeps import open_sweep

    runs = [run for run in open_sweep(store).runs if not run.has_diverged]
    networks = [f"{store}@{run.learning_rate},{run.seed}" for run in runs]
    return networks, ",".join(str(run.learning_rate) for run in runs)


def distinct_names(networks: list[str]) -> list[str]:
    """Return short names of networks where these differ, else the names as given."""
    from commstruct.datasets import short_name

    names = [short_name(network) for network in networks]
    if len(set(names)) == len(names):
        return names
    if len(set(networks)) < len(networks):
        repeated = next(name for name in networks if networks.count(name) > 1)
        raise ValueError(f"networks must be different, got {repeated} twice")
    return networks


def result_folders(networks: list[str], out: Path) -> list[Path]:
    """Return the folder for the results of each network."""
    if len(networks) == 1:
        return [out]
    from commstruct.datasets import short_name

    names = [short_name(network) for network in networks]
    if len(set(names)) < len(names):
        raise ValueError(
            f"networks must have different names, got {', '.join(networks)}"
        )
    return [out / name for name in names]


def read_groups(groups: str, networks: list[str]) -> list[str]:
    """Return the group of each network, given as ``G,G,H,H`` or in a CSV file.

    Raises
    ------
    ValueError
        If a network has no group, or there are fewer than three networks or two groups.
    """
    found = _groups_as_given(groups, networks)
    if len(networks) < 3:
        raise ValueError(f"--groups needs at least three networks, got {len(networks)}")
    if len(set(found)) < 2:
        raise ValueError(f"--groups must be at least two, got only {found[0]!r}")
    return found


def _groups_as_given(groups: str, networks: list[str]) -> list[str]:
    if not Path(groups).is_file():
        words = [group.strip() for group in groups.split(",")]
        if len(words) != len(networks) or not all(words):
            raise ValueError(
                f"--groups must be one word per network ({len(networks)}) with commas "
                f"between, or a CSV file, got {groups!r}"
            )
        return words
    import pandas as pd

    table = pd.read_csv(groups, dtype=str, keep_default_na=False, skipinitialspace=True)
    if not {"network", "group"} <= set(table.columns):
        raise ValueError(
            f"{groups}: must have the columns network and group, got "
            f"{', '.join(map(str, table.columns))}"
        )
    group_of = dict(zip(table["network"], table["group"], strict=True))
    found = [group_of.get(one, group_of.get(Path(one).name)) for one in networks]
    if None in found:
        raise ValueError(f"{groups}: has no row for {networks[found.index(None)]}")
    known = [str(group).strip() for group in found]
    empty = [
        network
        for network, group in zip(networks, known, strict=True)
        if group.lower() in {"", "nan", "<na>"}
    ]
    if empty:
        raise ValueError(
            f"{groups}: every network must have a group, got none for "
            f"{', '.join(empty[:3])}: add it, or leave the network out"
        )
    return known
