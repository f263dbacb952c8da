"""What is done to a network between reading and analysis, as settings in one order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commstruct.connectome import Connectome, as_connectome


@dataclass(frozen=True)
class Preparation:
    """Operations on a network, applied in the order of the fields.

    Attributes
    ----------
    layer : str or None
        The layer that is taken.
    select : mapping of str to list of str
        Columns of attributes, and the values of the neurons that are kept.
    threshold : float or None
        Least ``|weight|`` of a connection that is kept.
    threshold_per : {"pair", "layer"}
        Whether that is the weight of all layers together, or of each.
    symmetrize : bool
        Whether both weights of each pair are replaced by their mean.
    fisher_z : bool
        Whether correlations are transformed.
    collapse : str or None
        Column of attributes whose kinds become the nodes.
    collapse_weights : {"sum", "mean", "fraction"}
    normalize : {"input", "output", "total"} or None
        What weights are divided by.
    kind : {"binary", "counts", "weights", "correlation"} or None
        What the weights that result are taken for.

    See Also
    --------
    Connectome.collapse, Connectome.threshold, Connectome.normalize, Connectome.select

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.as_connectome(
    ...     [[0, 5, 6], [1, 0, 0], [0, 7, 0]],
    ...     attributes={"type": ["A", "A", "B"]},
    ... )
    >>> small = cs.Preparation(threshold=5, collapse="type").apply(network)
    >>> small.to_pandas()
         A    B
    A  5.0  6.0
    B  7.0  0.0
    >>> small.notes[0]
    'weights below 5 were dropped: 3 of 4 connections were kept'
    """

    layer: str | None = None
    select: Mapping[str, list[str]] = field(default_factory=dict)
    threshold: float | None = None
    threshold_per: str = "pair"
    symmetrize: bool = False
    fisher_z: bool = False
    collapse: str | None = None
    collapse_weights: str = "sum"
    normalize: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        """Refuse settings of operations that are not done.

        Raises
        ------
        ValueError
        """
        if self.threshold is None and self.threshold_per != "pair":
            raise ValueError("threshold_per must be 'pair' without threshold")
        if self.collapse is None and self.collapse_weights != "sum":
            raise ValueError("collapse_weights must be 'sum' without collapse")

    def _threshold(self, connectome: Connectome, least: float) -> Connectome:
        """Drop small weights; refuse to drop all, which is more likely a wrong unit."""
        kept = connectome.threshold(least, per=self.threshold_per)
        if connectome.n_edges and not kept.n_edges:
            largest = float(abs(connectome.weights).max())
            raise ValueError(
                f"threshold must leave a connection, got {least:g}, where the largest "
                f"|weight| is {largest:.6g}"
            )
        return kept

    def apply(self, network: Any) -> Connectome:
        """Return the network with all operations done, each in its `notes`.

        Raises
        ------
        ValueError
            If an operation cannot be done; see the methods of `Connectome`.
        """
        connectome = as_connectome(network)
        if self.layer is not None:
            connectome = connectome.layer(self.layer)
        if self.select:
            connectome = connectome.select(self.select)
        if self.threshold is not None:
            connectome = self._threshold(connectome, self.threshold)
        if self.symmetrize:
            connectome = connectome.symmetrize()
        if self.fisher_z:
            connectome = connectome.fisher_z()
        if self.collapse is not None:
            connectome = connectome.collapse(
                self.collapse, weights=self.collapse_weights
            )
        if self.normalize is not None:
            connectome = connectome.normalize(self.normalize)
        if self.kind is not None:
            connectome = as_connectome(connectome, kind=self.kind)
        return connectome
