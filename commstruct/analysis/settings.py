"""Settings of an analysis, checked."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

Structure = Literal["any", "assortative", "disassortative"]
Signs = Literal["signed", "positive", "negative", "absolute"]
Region = Literal["whole", "hidden", "learned change"]

STRUCTURES: tuple[Structure, ...] = get_args(Structure)
REGIONS: tuple[Region, ...] = get_args(Region)
VERY_LARGE = 20_000
"""Neurons above which one search takes minutes."""


class AnalysisSettings(BaseModel):
    """How networks are analysed: the ``[analysis]`` table of a definition.

    Attributes
    ----------
    seed : int
    structures : list of {"any", "assortative", "disassortative"}
        Kinds of modules to look for; the first leads in reports.
    signs : {"signed", "positive", "negative", "absolute"}
        Which weights modularity is about.
    regions : list of {"whole", "hidden", "learned change"}
        Parts of a trained network.
    resolution : float
        Above 1 for smaller modules, below for larger ones.
    restarts : int
        Searches for modules in every network, randomised ones included.
    n_nulls : int
        Randomised networks per region and run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=0, ge=0)
    structures: tuple[Structure, ...] = Field(default=STRUCTURES, min_length=1)
    signs: Signs = "signed"
    regions: tuple[Region, ...] = Field(default=REGIONS, min_length=1)
    resolution: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    restarts: int = Field(default=3, ge=1)
    n_nulls: int = Field(default=10, ge=0)

    @field_validator("structures", "regions")
    @classmethod
    def _check_named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("every one must be named once")
        return names


def usual_settings(n_neurons: int) -> dict[str, Any]:
    """What a network of this size is analysed by where nothing else is asked for.

    Very large ones by the searches that end within minutes.
    """
    if n_neurons > VERY_LARGE:
        return {"structures": STRUCTURES[:2], "restarts": 1, "n_nulls": 2}
    return {"structures": STRUCTURES, "restarts": 4, "n_nulls": 100}
