"""One sweep of a study: trained and analysed in its folder, if it is not yet."""

from pathlib import Path
from typing import TYPE_CHECKING

from commstruct.analysis import Analysis, AnalysisSettings, Sweep, open_sweep
from commstruct.analysis.folders import Resources, analyze_into

if TYPE_CHECKING:
    from sims.definition import Definition

SWEEP_NAME = "sweep.zarr"


def analysed_sweep(
    definition: "Definition",
    settings: AnalysisSettings,
    folder: Path,
    *,
    command: str,
    resources: Resources,
) -> tuple[Analysis, Sweep]:
    """Train and analyse what is missing of a sweep in a folder.

    Parameters
    ----------
    definition : sims.Definition
    settings : AnalysisSettings
    folder : Path
    command : str
        What to type to make it again.
    resources : Resources

    Returns
    -------
    Analysis
    Sweep
        The trained runs.
    """
    from sims.sweep import run_sweep

    store = folder / SWEEP_NAME
    with resources.progress("training", store) as progress:
        run_sweep(
            definition,
            str(store),
            workers=resources.workers,
            executor=resources.executor,
            progress=progress,
            command=command,
        )
    analysis = analyze_into(
        folder, store, settings, command=command, resources=resources
    )
    return analysis, open_sweep(store)
