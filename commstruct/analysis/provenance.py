"""What a result was made from: versions of packages, hashes of inputs."""

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.analysis.sweeps import Sweep, open_sweep
from commstruct.connectome import Connectome, as_connectome

_PACKAGES = ("commstruct", "numpy", "scipy", "scikit-learn", "igraph", "leidenalg")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    found = {"python": platform.python_version()}
    return found | {package: version(package) for package in _PACKAGES}


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
        return hash_of({"runs": runs})
    network = as_connectome(network_or_store)
    return hash_of({"weights": weights_hash(network), "names": network.names})


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


def hash_of(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
