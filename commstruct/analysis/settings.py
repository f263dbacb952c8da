"""Settings of an analysis, checked; their defaults are defined here and nowhere else.

The command line imports this file without the rest of the analysis.
"""

from collections.abc import Sequence
from typing import Any, Self, TypedDict, Unpack

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from commstruct.vocabulary import (
    LABELS,
    REGIONS,
    STRUCTURES,
    VERY_LARGE,
    NullName,
    Region,
    Signs,
    Structure,
)

# Of a single network, for which there is time: with 100 null networks p can be as small
# as 1/101. The number of restarts trades the quality of the best partition against
# time, multiplied by the null networks; 4 was chosen by experience.
RESTARTS = 4
N_NULLS = 100

# Of a sweep, whose runs are many: each has 11 searches per region and structure. Ten is
# the smallest number of null networks with which two seeds can be evidence: p = 1/11 in
# both gives .048 by Fisher's method, 1/10 in both gives .056. One restart fewer than of
# a single network, by experience, since the seeds of a sweep repeat the search as well.
SWEEP_RESTARTS = 3
SWEEP_NULLS = 10

# Of a very large network, in which one search may take minutes: with these numbers the
# analysis of 139,000 neurons takes nine minutes, of which each null network takes three
# (docs/benchmarks.md, "Cost").
VERY_LARGE_STRUCTURES = STRUCTURES[:2]
VERY_LARGE_RESTARTS = 1
VERY_LARGE_NULLS = 2


class SettingsFields(TypedDict, total=False):
    """Fields of `AnalysisSettings`, as keyword arguments."""

    seed: int
    structures: Sequence[Structure]
    signs: Signs
    regions: Sequence[Region] | None
    resolution: float
    restarts: int
    n_nulls: int
    null: NullName | Sequence[NullName]
    labels: str | Sequence[str]
    n_samples: float | None
    coassignment: int | None
    resolution_scan: bool


class AnalysisSettings(BaseModel):
    """How networks are analysed: the ``[analysis]`` table of a definition.

    The defaults are those of a sweep; `network_settings` has those of a single network.

    Attributes
    ----------
    seed : int, at least 0
        Seed of the searches and of the null networks.
    structures : tuple of {"any", "assortative", "disassortative"}
        Kinds of modules to look for; the first leads in reports. None only where
        `labels` are given.
    signs : {"signed", "positive", "negative", "absolute"}
        Weights that modularity takes into account.
    regions : tuple of {"whole", "hidden", "learned change"}
        Parts of a trained network; the first leads in reports. A single network has
        only ``"whole"``.
    resolution : float, above 0
        Above 1 for smaller modules, below 1 for larger ones.
    restarts : int, at least 1
        Searches for modules in every network, including null networks.
    n_nulls : int, at least 0
        Null networks for each region of each run, of every kind.
    null : tuple of str
        What null networks keep, by the names of `structure_significance`; the first
        leads in reports. With ``"auto"``, what suits the network and, beside it,
        ``"distance"`` where the neurons have positions.
    labels : tuple of str
        Attributes of the neurons (cell type, hemisphere, any) whose values are tested
        as modules, and compared with the modules found. Sweeps have none.
    n_samples : float or None
        Of a correlation matrix, the number of independent samples it was computed from;
        None to estimate it. Other networks, and sweeps, have none.
    coassignment : int or None
        Independent runs of the search that leads the report, to see how often they
        assign two neurons to one module. Sweeps have none.
    resolution_scan : bool
        Whether the modules that lead the report are also looked for at other
        resolutions, as `resolution_scan` does. Not of sweeps.

    Raises
    ------
    ValueError
        If a field is unknown or out of range, or a structure, region, null or label is
        repeated.

    See Also
    --------
    analyze : takes these fields as keyword arguments

    Examples
    --------
    >>> import commstruct as cs
    >>> settings = cs.AnalysisSettings(structures=["assortative"], n_nulls=20)
    >>> settings.structures, settings.n_nulls, settings.restarts
    (('assortative',), 20, 3)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=0, ge=0)
    structures: tuple[Structure, ...] = STRUCTURES
    signs: Signs = "signed"
    regions: tuple[Region, ...] = Field(default=REGIONS, min_length=1)
    resolution: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    restarts: int = Field(default=SWEEP_RESTARTS, ge=1)
    n_nulls: int = Field(default=SWEEP_NULLS, ge=0)
    null: tuple[NullName, ...] = Field(default=("auto",), min_length=1)
    labels: tuple[str, ...] = ()
    n_samples: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    coassignment: int | None = Field(default=None, ge=2)
    resolution_scan: bool = False

    @field_validator("null", "labels", mode="before")
    @classmethod
    def _as_several(cls, names: Any) -> Any:
        return (names,) if isinstance(names, str) else names

    @field_validator("structures", "regions", "null", "labels")
    @classmethod
    def _check_named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("every one must be named once")
        return names

    @model_validator(mode="after")
    def _check_has_modules(self) -> Self:
        if not self.structures and not self.labels:
            raise ValueError("structures must name at least one, or labels be given")
        return self

    @property
    def main_structure(self) -> str:
        """Structure that leads in reports: the first, or else the first labels."""
        return (*self.structures, *(LABELS + column for column in self.labels))[0]

    @property
    def asks_for_certainty(self) -> bool:
        """Whether independent runs or other resolutions are asked for."""
        return self.coassignment is not None or self.resolution_scan

    @property
    def main_region(self) -> Region:
        """Region that leads in reports: the first."""
        return self.regions[0]


def network_settings(
    n_neurons: int, **chosen: Unpack[SettingsFields]
) -> AnalysisSettings:
    """Settings of the analysis of a single network.

    Parameters
    ----------
    n_neurons : int
        Above 20,000, the defaults ask for few searches, for each takes minutes.
    **chosen
        Fields of `AnalysisSettings`; the others have the defaults for a network of
        this size.

    Raises
    ------
    ValueError
        As `AnalysisSettings` does.

    Examples
    --------
    >>> from commstruct.analysis import network_settings
    >>> network_settings(300, n_nulls=20).restarts
    4
    >>> network_settings(30_000).n_nulls
    2
    """
    is_very_large = n_neurons > VERY_LARGE
    defaults: dict[str, Any] = {
        "structures": VERY_LARGE_STRUCTURES if is_very_large else STRUCTURES,
        "restarts": VERY_LARGE_RESTARTS if is_very_large else RESTARTS,
        "n_nulls": VERY_LARGE_NULLS if is_very_large else N_NULLS,
        "regions": ("whole",),
    }
    return AnalysisSettings.model_validate({**defaults, **chosen})
