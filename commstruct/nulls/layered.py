"""Test of modules over layers against layers that are randomised each by itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from commstruct.blocks.layered import LayeredModules, layered_modules
from commstruct.checks import check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules import modularity
from commstruct.nulls.choice import AUTO, Null, check_null, named_null
from commstruct.progress import tracked
from commstruct.result import Result
from commstruct.statistics import benjamini_hochberg, p_value, z_score
from commstruct.vocabulary import FloatMatrix, FloatVector


@dataclass(frozen=True, eq=False)
class LayeredSignificance(Result):
    """A test of modules over layers against randomised layers.

    Attributes
    ----------
    p_value : float
        Of `observed` among `null_values`, large values being extreme (Phipson & Smyth
        2010, doi:10.2202/1544-6115.1585).
    z_score : float
        Observed minus the mean null value, in standard deviations of the null values.
    observed : float
        ``quality`` of the modules; see `layered_modules`.
    null_values : (n_nulls,) array
        The same of null networks, all of whose layers are randomised.
    modularities : (l,) array
        Modularity of each layer on its modules.
    null_modularities : (n_nulls, l) array
        The same of each layer in networks where it is randomised and the others are
        not.
    layers, nulls, null_reasons : tuple of str
        Name of each layer, what its null networks keep, and why that was chosen.
    n_nulls, seed : int

    See Also
    --------
    layered_significance : Makes the test.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> layers = {name: np.ones((4, 4)) - np.eye(4) for name in ("x", "y")}
    >>> modules = cs.layered_modules(layers, restarts=1)
    >>> test = cs.layered_significance(modules, n_nulls=9)
    >>> test.p_value, test.null_modularities.shape
    (1.0, (9, 2))
    """

    p_value: float
    z_score: float
    observed: float
    null_values: FloatVector
    modularities: FloatVector
    null_modularities: FloatMatrix
    layers: tuple[str, ...]
    nulls: tuple[str, ...]
    null_reasons: tuple[str, ...]
    n_nulls: int
    seed: int

    def _preview(self) -> pd.DataFrame:
        return self.by_layer()

    def by_layer(self) -> pd.DataFrame:
        """One row per layer: whether it supports the modules.

        Returns
        -------
        pandas.DataFrame
            ``layer``; ``modularity``; ``null_median`` where this layer alone is
            randomised; ``p_value``, and ``q_value``, that by Benjamini & Hochberg
            (1995, doi:10.1111/j.2517-6161.1995.tb02031.x) over layers; ``null``.
        """
        columns = zip(self.modularities, self.null_modularities.T, strict=True)
        p_values = [p_value(observed, nulls, scale=1.0) for observed, nulls in columns]
        return pd.DataFrame(
            {
                "layer": self.layers,
                "modularity": self.modularities,
                "null_median": np.median(self.null_modularities, axis=0),
                "p_value": p_values,
                "q_value": benjamini_hochberg(p_values),
                "null": self.nulls,
            }
        )


def layered_significance(
    modules: LayeredModules,
    *,
    null: str | Null = AUTO,
    n_nulls: int = 100,
    seed: int = 0,
    workers: int = 1,
) -> LayeredSignificance:
    """Test modules over layers against layers that are randomised each by itself.

    Modules are found in every null network as they were in the layers themselves, with
    as many searches. Two questions are asked. With all layers randomised: is the
    quality larger than that of layers without modules? With one layer randomised and
    the others as they are: is its modularity larger than where this layer is random,
    and the modules are those of the others and of its noise?

    Parameters
    ----------
    modules : LayeredModules
        What `layered_modules` found; it holds the layers and the settings.
    null : str or function
        As of `structure_significance`, for every layer; ``"auto"`` chooses for each
        layer by itself, for assortative modules.
    n_nulls : int, at least 1
        Of the first question, and for each layer of the second.
    seed : int, default 0
        The same seed gives the same test at any number of workers.
    workers : int, at least 1

    Returns
    -------
    LayeredSignificance

    Raises
    ------
    TypeError
        If `modules` is something else.
    ValueError
        If an argument is unknown or out of its range.

    See Also
    --------
    layered_modules : Finds the modules.
    structure_significance : The test of one layer by itself.

    Notes
    -----
    Null networks have layers that are independent of each other. Layers that share
    connections beyond what is kept of each, as points in time of one network do, are
    significant without modules too: their noise adds up. `structure_significance` of a
    layer does not depend on that.

    Examples
    --------
    Both layers have the same two modules:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> planted = np.kron(np.eye(2), np.full((8, 8), 2.0))
    >>> layers = {name: planted + rng.random((16, 16)) for name in ("x", "y")}
    >>> test = cs.layered_significance(
    ...     cs.layered_modules(layers, restarts=2), n_nulls=19
    ... )
    >>> test.p_value
    0.05
    >>> test.by_layer()[["layer", "p_value"]]
      layer  p_value
    0     x     0.05
    1     y     0.05
    """
    if not isinstance(modules, LayeredModules):
        raise TypeError(
            f"modules must be what layered_modules found, got {type(modules).__name__}"
        )
    check_null(null)
    check_counts(n_nulls=n_nulls, workers=workers)
    chosen = [named_null(one, null, "assortative") for one in modules.networks]
    makers = [make for make, _, _ in chosen]
    rows = tracked(
        Parallel(n_jobs=workers, return_as="generator")(
            delayed(_null_row)(modules, makers, stream)
            for stream in spawn_seeds(seed, n_nulls)
        ),
        n_nulls,
        "searching null networks",
    )
    values, null_modularities = zip(*rows, strict=True)
    null_values = np.array(values)
    return LayeredSignificance(
        p_value=p_value(modules.quality, null_values, scale=1.0),
        z_score=z_score(modules.quality, null_values, scale=1.0),
        observed=modules.quality,
        null_values=null_values,
        modularities=np.array(
            [_modularity(modules, i) for i in range(len(modules.layers))]
        ),
        null_modularities=np.array(null_modularities),
        layers=modules.layers,
        nulls=tuple(name for _, name, _ in chosen),
        null_reasons=tuple(reason for _, _, reason in chosen),
        n_nulls=n_nulls,
        seed=seed,
    )


def _null_row(
    modules: LayeredModules, makers: list[Null], stream: int
) -> tuple[float, list[float]]:
    """Quality with all layers randomised; modularity of each that alone is."""
    null_seed, *search_seeds = spawn_seeds(stream, 2 + len(makers))
    randomised = [
        as_connectome(make(one, seed=layer_seed))
        for make, one, layer_seed in zip(
            makers, modules.networks, spawn_seeds(null_seed, len(makers)), strict=True
        )
    ]
    quality = _found_again(modules, randomised, search_seeds[0]).quality
    alone = []
    for i, search_seed in enumerate(search_seeds[1:]):
        networks = list(modules.networks)
        networks[i] = randomised[i]
        alone.append(_modularity(_found_again(modules, networks, search_seed), i))
    return quality, alone


def _found_again(
    modules: LayeredModules, networks: list[Connectome], seed: int
) -> LayeredModules:
    """Modules of other networks, searched alike."""
    named: dict[str, Any] = dict(zip(modules.layers, networks, strict=True))
    return layered_modules(
        named,
        coupling=modules.coupling,
        order=modules.order,
        signs=modules.signs,
        resolution=modules.resolution,
        restarts=modules.restarts,
        seed=seed,
    )


def _modularity(modules: LayeredModules, layer: int) -> float:
    return modularity(
        modules.networks[layer],
        modules.labels[layer],
        resolution=modules.resolution,
        signs=modules.signs,
    )
