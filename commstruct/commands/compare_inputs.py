"""The networks that are compared: one file each, or a stack of them in one file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.messages import log
from commstruct.commands.reading import ReadingOptions

if TYPE_CHECKING:
    from commstruct.connectome import Connectome

OF_STACKS = (
    "orientation", "attributes", "variable", "directed", "missing", "max_memory",
)  # fmt: skip
"""Options of reading that a stack takes, besides those of what is done to networks."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """The networks of a comparison.

    Attributes
    ----------
    networks : list of str, as given on the command line
    names : list of str, short and distinct
    connectomes : list of Connectome
    hashes : list of str, SHA-256 of each
    has_names : bool, whether `names` are more than numbers
    """

    networks: list[str]
    names: list[str]
    connectomes: "list[Connectome]"
    hashes: list[str]
    has_names: bool = True

    def provenance(self, command: str) -> dict[str, str]:
        """What a comparison was made from: command, hashes, orientations, versions."""
        from commstruct.analysis import versions

        orientations = {
            f"orientation of {name}": connectome.orientation
            for name, connectome in zip(self.names, self.connectomes, strict=True)
        }
        if len(self.names) > 2 and len(set(orientations.values())) == 1:
            orientations = {"orientation of all": self.connectomes[0].orientation}
        hashes = {
            f"SHA-256 of {name}": digest
            for name, digest in zip(self.names, self.hashes, strict=True)
        }
        numbers = {f"version of {name}": number for name, number in versions().items()}
        return {"command": command, **orientations, **hashes, **numbers}


def read_inputs(
    networks: list[str], names: list[str], reading: ReadingOptions
) -> Inputs:
    """Read one network of each file or dataset."""
    from commstruct.analysis import input_hash
    from commstruct.datasets import read_network

    connectomes = [
        read_network(network, **keywords)
        for network, keywords in zip(
            networks, reading.keywords_of_each(networks), strict=True
        )
    ]
    hashes = [input_hash(connectome) for connectome in connectomes]
    return Inputs(networks, names, connectomes, hashes)


def is_stack(networks: list[str], layout: str | None, variable: str | None) -> bool:
    """Whether the networks are those of one file.

    Raises
    ------
    ValueError
        If a layout is given, but not one file.
    """
    from commstruct.files.stacks import LAYOUTS, holds_stack

    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"--stack must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    if layout is not None and (len(networks) != 1 or not Path(networks[0]).is_file()):
        raise ValueError(f"--stack is for one file, got {', '.join(networks)}")
    is_given = layout is not None
    return is_given or (len(networks) == 1 and holds_stack(networks[0], variable))


def read_stack_inputs(file: str, layout: Any, reading: ReadingOptions) -> Inputs:
    """Read the networks of a stack, named by the file or by their numbers."""
    from commstruct.analysis import input_hash
    from commstruct.files.stacks import read_stack

    keywords = reading.keywords()
    preparation = keywords.pop("preparation", None)
    other = sorted(keywords.keys() - set(OF_STACKS))
    if other:
        raise ValueError(
            f"--{other[0].replace('_', '-')} is for files of one network, got the "
            f"stack {file}"
        )
    stack = read_stack(file, layout=layout, **keywords)
    for note in stack.notes:
        log.info("%s", note)
    connectomes = list(stack.networks)
    if preparation is not None:
        connectomes = [preparation.apply(connectome) for connectome in connectomes]
    names = list(stack.names) or [str(i + 1) for i in range(len(connectomes))]
    networks = [f"{file}#{name}" for name in names]
    hashes = [input_hash(connectome) for connectome in connectomes]
    return Inputs(networks, names, connectomes, hashes, has_names=bool(stack.names))


def consistent_inputs(inputs: Inputs, share: float) -> Inputs:
    """Keep in every network the connections that at least a share of them has."""
    from commstruct.consistency import consistency_threshold

    connectomes = list(consistency_threshold(inputs.connectomes, share=share))
    log.info("%s", connectomes[0].notes[-1])
    return replace(inputs, connectomes=connectomes)
