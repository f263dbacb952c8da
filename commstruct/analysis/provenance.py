"""Provenance of results: versions of packages and hashes of inputs."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.analysis.sweeps import Sweep, open_sweep
from commstruct.connectome import Connectome, as_connectome
from commstruct.provenance import content_hash, versions_of

_PACKAGES = ("commstruct", "numpy", "scipy", "scikit-learn", "igraph", "leidenalg")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that the results depend on."""
    return versions_of(*_PACKAGES)


def input_hash(network_or_store: Any) -> str:
    """SHA-256 of the input of an analysis: a network, or the weights of a sweep.

    Parameters
    ----------
    network_or_store : Connectome, Sweep, or a path of a sweep store
    """
    if isinstance(network_or_store, str | Path):
        network_or_store = open_sweep(network_or_store)
    if isinstance(network_or_store, Sweep):
        runs = [
            [run.id, run.status, run.weights_sha256] for run in network_or_store.runs
        ]
        return content_hash({"runs": runs})
    network = as_connectome(network_or_store)
    return content_hash({"weights": weights_hash(network), "names": network.names})


def weights_hash(network: Connectome) -> str:
    """SHA-256 of the weights of a network and of its possible synapses, with types."""
    digest = hashlib.sha256()
    weights = network.weights
    parts: list[NDArray[Any]]
    if isinstance(weights, np.ndarray):
        parts = [weights]
    else:
        positions = (weights.indptr, weights.indices)
        parts = [*(part.astype(np.int64) for part in positions), weights.data]
    if network.possible is not None:
        parts.append(network.possible)
    for part in parts:
        digest.update(str(part.dtype).encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
