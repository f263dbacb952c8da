"""What a result was made from: versions of packages, hashes of inputs."""

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
    """Versions of Python and of the packages that decide the numbers."""
    return versions_of(*_PACKAGES)


def input_hash(network_or_store: Any) -> str:
    """SHA-256 of what an analysis is made from: a network, or a sweep's weights.

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
    digest = hashlib.sha256()
    weights = network.weights
    parts: list[NDArray[Any]]
    if isinstance(weights, np.ndarray):
        parts = [weights]
    else:
        places = (weights.indptr, weights.indices)
        parts = [*(part.astype(np.int64) for part in places), weights.data]
    if network.possible is not None:
        parts.append(network.possible)
    for part in parts:
        digest.update(str(part.dtype).encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
