"""How sure the modules of a network are: independent runs, and other resolutions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.analysis.settings import AnalysisSettings
from commstruct.connectome import Connectome
from commstruct.modules.agreement import agreement_matrix
from commstruct.modules.consensus import independent_runs
from commstruct.modules.finding import Search
from commstruct.modules.resolution import ResolutionScan, resolution_scan
from commstruct.provenance import content_hash
from commstruct.vocabulary import IntMatrix

MOST_NEURONS = 5000
"""Of independent runs, of which every pair of neurons has a share."""


@dataclass(frozen=True, eq=False)
class Certainty:
    """What independent runs and other resolutions find of one kind of modules.

    Attributes
    ----------
    structure : {"any", "assortative", "disassortative"}
        Kind of modules: the one that leads the report.
    runs : (r, n) array of int, or None
        Module of each neuron in each independent run; None if none were asked for.
    scan : ResolutionScan or None
        Modules over a range of resolutions; None if it was not asked for.
    key : str
        Hash of all that the result depends on.
    """

    structure: str
    runs: IntMatrix | None
    scan: ResolutionScan | None
    key: str

    @property
    def coassignment(self) -> sparse.csr_array | None:
        """Share of the runs that assign two neurons to one module, (n, n)."""
        return None if self.runs is None else agreement_matrix(list(self.runs))


def check_certainty(network: Connectome, settings: AnalysisSettings) -> None:
    """Refuse runs or resolutions of what is not searched for, or of too many neurons.

    Raises
    ------
    ValueError
        If so.
    """
    if not settings.asks_for_certainty:
        return
    if not settings.structures:
        raise ValueError(
            "coassignment and resolution_scan must be of a structure that is searched "
            "for, got labels only"
        )
    if settings.coassignment and network.n_neurons > MOST_NEURONS:
        raise ValueError(
            f"coassignment must be of at most {MOST_NEURONS} neurons, got "
            f"{network.n_neurons}"
        )


def certainty_of(
    network: Connectome,
    settings: AnalysisSettings,
    *,
    workers: int = 1,
    previous: Certainty | None = None,
) -> Certainty | None:
    """Independent runs and a scan of resolutions, as far as they are asked for.

    Parameters
    ----------
    network : Connectome
    settings : AnalysisSettings
    workers : int
    previous : Certainty, optional
        Of an earlier analysis; returned if it is of the same network and settings.
    """
    from commstruct.analysis.provenance import (  # which loads the stores of sweeps
        versions,
        weights_hash,
    )

    if not settings.asks_for_certainty:
        return None
    structure = settings.structures[0]
    chosen: dict[str, Any] = settings.model_dump(
        include={"seed", "signs", "resolution", "n_samples"}
    )
    key = content_hash(
        {
            "versions": versions(),
            "weights": weights_hash(network),
            "kind": network.kind,
            "structure": structure,
            "coassignment": settings.coassignment,
            "resolution_scan": settings.resolution_scan,
            **chosen,
        }
    )
    if previous is not None and previous.key == key:
        return previous
    runs = scan = None
    if settings.coassignment:
        search = Search(
            structure,
            settings.signs,
            settings.resolution,
            settings.coassignment,
            settings.seed,
            settings.n_samples,
        )
        runs = np.array(independent_runs(network, search, workers), dtype=np.int64)
        runs.flags.writeable = False
    if settings.resolution_scan:
        scan = resolution_scan(
            network,
            seed=settings.seed,
            structure=structure,
            signs=settings.signs,
            n_samples=settings.n_samples,
            workers=workers,
        )
    return Certainty(structure, runs, scan, key)
