"""Every kind of result in a folder: its reader, its files, and its report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, Unpack

from commstruct.analysis import (
    Analysis,
    input_hash,
    open_sweep,
    read_analysis,
    write_analysis,
)
from commstruct.collection import CollectionAnalysis, write_collection
from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.compare.results import (
    COMPARISON_NAME,
    read_comparison,
    write_comparison,
)
from commstruct.connectome import Connectome, as_connectome
from commstruct.files import read_connectome, write_connectome
from commstruct.report.figures.experiment_figures import plot_experiment
from commstruct.report.pages.collection_page import collection_document
from commstruct.report.pages.compare_page import comparison_document
from commstruct.report.pages.document import Document
from commstruct.report.pages.experiment_page import (
    experiment_document,
    write_experiment,
)
from commstruct.report.pages.groups_page import groups_document
from commstruct.report.pages.network_page import network_document
from commstruct.report.pages.study_page import study_document
from commstruct.report.pages.sweep_page import sweep_document
from commstruct.report.pages.writing import (
    Kind,
    read_about,
    read_report_settings,
    write_pages,
)
from commstruct.report.settings import ReportOptions, ReportSettings
from commstruct.report.words.study_sentences import study_answers
from commstruct.study.results import STUDY_NAME, StudyResult, read_study, write_study

SWEEP_NAME = "sweep.zarr"
NETWORK_NAME = "network.npz"
EXPERIMENT_NAME = "result.json"

Experiment: TypeAlias = Mapping[str, Any]
Result: TypeAlias = (
    Analysis
    | CollectionAnalysis
    | ConnectomeComparison
    | GroupComparison
    | StudyResult
    | Experiment
)

_FILES: dict[Kind, str] = {
    "study": STUDY_NAME,  # first, as it says most of what its folder has
    "analysis": "analysis.json",
    "comparison": COMPARISON_NAME,
    "experiment": EXPERIMENT_NAME,
}


def read_experiment(path: str | Path) -> dict[str, Any]:
    """Read ``result.json`` of an experiment, or the one in a folder.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
        As `sims.run_experiment` returned it.

    Raises
    ------
    ValueError
        If there is none, or it is not the result of an experiment.

    See Also
    --------
    sims.run_experiment : Makes one.
    write_report : Draws its figure and page anew.

    Examples
    --------
    >>> import json, tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = json.dumps({"name": "settling", "verdict": []})
    ...     _ = Path(folder, "result.json").write_text(text)
    ...     cs.read_experiment(folder)["name"]
    'settling'
    """
    path = Path(path)
    file = path / EXPERIMENT_NAME if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"experiment {file} does not exist")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: an experiment must be JSON, got {error}") from None
    if not isinstance(content, dict) or not {"name", "verdict"} <= content.keys():
        raise ValueError(f"{file}: an experiment must have a name and a verdict")
    return content


def read_result(folder: str | Path) -> Result:
    """Read whatever result a folder holds.

    Parameters
    ----------
    folder : str or Path
        Where an analysis, a comparison, a study or an experiment was written.

    Raises
    ------
    ValueError
        If it holds none of them, or one that cannot be read.
    """
    folder = Path(folder)
    kind = read_about(folder).get("kind")
    if kind not in _FILES:
        there = (one for one, name in _FILES.items() if (folder / name).is_file())
        kind = next(there, None)
    if kind is None:
        raise ValueError(
            f"{folder} must be a folder of results, with one of "
            f"{', '.join(_FILES.values())}, got none of them"
        )
    readers = {
        "analysis": read_analysis,
        "comparison": read_comparison,
        "study": read_study,
        "experiment": read_experiment,
    }
    result: Result = readers[kind](folder)
    return result


def document_of(
    result: Result,
    folder: str | Path = ".",
    *,
    store: str | Path | None = None,
    network: Any = None,
    settings: ReportSettings | None = None,
) -> Document:
    """Lay out the report of any result.

    Parameters
    ----------
    result : Analysis, CollectionAnalysis, comparison, StudyResult, or an experiment
    folder : str or Path
        Where the weights of an analysis are, unless they are given.
    store : str or Path, optional
        Sweep store that was analysed; default ``sweep.zarr`` in `folder`.
    network : Connectome or anything `as_connectome` takes, optional
        Network that was analysed; default the one in ``network.npz`` in `folder`.
    settings : ReportSettings, optional
        Of which `words` decides what is written; the others are of the pages.

    Raises
    ------
    ValueError
        If the weights are missing or are not those that were analysed.
    """
    if isinstance(result, StudyResult):
        return study_document(result)
    if isinstance(result, ConnectomeComparison):
        return comparison_document(result)
    if isinstance(result, GroupComparison):
        return groups_document(result)
    if isinstance(result, CollectionAnalysis):
        return collection_document(result)
    if not isinstance(result, Analysis):
        return experiment_document(result, plot_experiment(result))
    if result.kind == "sweep":
        sweep = open_sweep(Path(folder) / SWEEP_NAME if store is None else store)
        _check_input(result, input_hash(sweep), str(sweep.path))
        return sweep_document(result, sweep)
    connectome = _network_of(Path(folder), network)
    _check_input(result, input_hash(connectome), "the network")
    words = "" if settings is None else settings.words
    return network_document(result, connectome, words=words)


def write_report(
    result: Result,
    out_dir: str | Path,
    settings: ReportSettings | None = None,
    *,
    store: str | Path | None = None,
    network: Any = None,
    **changes: Unpack[ReportOptions],
) -> dict[str, Path]:
    """Write the report of a result; the same result gives the same bytes.

    Nothing is computed anew but figures and summaries, so a report can be drawn again
    from what was written of its result: `read_analysis`, `read_comparison`,
    `read_study` and `read_experiment` read it.

    Parameters
    ----------
    result : Analysis, CollectionAnalysis, comparison, StudyResult, or an experiment
    out_dir : str or Path
        Folder for ``report.pdf`` and ``report.html``; made if need be. An experiment
        has ``page.pdf`` and ``page.html``, and its result and figure beside them.
    settings : ReportSettings, optional
    store : str or Path, optional
        Sweep store that was analysed; default ``sweep.zarr`` in `out_dir`.
    network : Connectome or anything `as_connectome` takes, optional
        Network that was analysed; default the one in ``network.npz`` in `out_dir`.
    **changes
        ``title``, ``author`` or any other field, in place of those in
        `settings`.

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json.

    Raises
    ------
    TypeError
        If a setting is unknown.
    ValueError
        If a setting cannot have its value, or the weights of an analysis are missing
        or are not those that were analysed.

    See Also
    --------
    ReportSettings : All settings.
    analyze, compare_connectomes, compare_groups, run_study : Make results.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> network = cs.load_dataset("karate")
    >>> analysis = cs.analyze(
    ...     network, seed=0, structures=["assortative"], restarts=1, n_nulls=0
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = cs.write_report(
    ...         analysis, folder, network=network, formats=["html"]
    ...     )
    ...     [path.name for path in paths.values()]
    ['report.html', 'report.json']
    """
    settings = (settings or ReportSettings()).changed(**changes)
    out_dir = Path(out_dir)
    if isinstance(result, Mapping):
        return write_experiment(result, out_dir, settings=settings)
    document = document_of(
        result, out_dir, store=store, network=network, settings=settings
    )
    is_elsewhere = store is not None and (
        Path(store).resolve() != (out_dir / SWEEP_NAME).resolve()
    )
    return write_pages(
        document,
        out_dir,
        settings,
        kind=_kind(result),
        store=store if is_elsewhere else None,
    )


def write_result(
    result: Result,
    out_dir: str | Path,
    settings: ReportSettings | None = None,
    *,
    store: str | Path | None = None,
    network: Any = None,
) -> dict[str, Path]:
    """Write a result as JSON and tables, and its report.

    Parameters
    ----------
    result, out_dir, settings, store
        As in `write_report`.
    network : Connectome or anything `as_connectome` takes, optional
        Network that was analysed; written as ``network.npz`` beside its analysis.

    Returns
    -------
    dict of name to Path

    See Also
    --------
    write_report : Only the report.
    read_analysis, read_comparison, read_study, read_experiment : Read a result again.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> club = cs.load_dataset("karate")
    >>> result = cs.analyze(club, structures=["assortative"], restarts=1, n_nulls=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = cs.write_result(
    ...         result, folder, cs.ReportSettings(formats=("html",)), network=club
    ...     )
    >>> sorted(path.name for path in paths.values())[:3]
    ['analysis.json', 'blocks.csv', 'measures.csv']
    """
    out_dir = Path(out_dir)
    # Pages first: where they cannot be drawn, nothing is written.
    pages = write_report(result, out_dir, settings, store=store, network=network)
    if isinstance(result, Analysis):
        paths = write_analysis(result, out_dir)
        if network is not None:
            paths["network"] = out_dir / NETWORK_NAME
            write_connectome(network, paths["network"])
    elif isinstance(result, StudyResult):
        answers = study_answers(result.facts, result.explanations, is_map=result.is_map)
        paths = write_study(result, out_dir, answers=answers)
    elif isinstance(result, CollectionAnalysis):
        paths = write_collection(result, out_dir)
    elif isinstance(result, Mapping):
        return pages  # an experiment's result and figure are among them
    else:
        paths = write_comparison(result, out_dir)
    return {**paths, **pages}


def remake_report(
    folder: str | Path,
    settings: ReportSettings | None = None,
    *,
    store: str | Path | None = None,
) -> dict[str, Path]:
    """Draw the pages of a folder of results again, without computing them again.

    Parameters
    ----------
    folder : str or Path
        Where an analysis, a comparison, a study or an experiment was written.
    settings : ReportSettings, optional
        Default: those of the pages that are there.
    store : str or Path, optional
        Sweep store that was analysed; default: where it was, else ``sweep.zarr`` in
        the folder.

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json; of an experiment its other
        files too.

    Raises
    ------
    ValueError
        If the folder has no results, or not those that were analysed.
    """
    folder = Path(folder)
    about = read_about(folder)
    settings = settings or read_report_settings(folder) or ReportSettings()
    if about.get("kind") == "document":  # all that an earlier version kept
        document = Document.from_dict(about["document"])
        name = str(about.get("name", "report"))
        return write_pages(document, folder, settings, kind="document", name=name)
    if store is None and not (folder / SWEEP_NAME).exists():
        store = about.get("store")
    return write_report(read_result(folder), folder, settings, store=store)


def _kind(
    result: Result,
) -> Kind:
    if isinstance(result, CollectionAnalysis):
        return "document"  # its tables cannot be read back
    if isinstance(result, Analysis):
        return "analysis"
    return "study" if isinstance(result, StudyResult) else "comparison"


def _network_of(folder: Path, network: Any) -> Connectome:
    if network is not None:
        return as_connectome(network)
    saved = folder / NETWORK_NAME
    if not saved.is_file():
        raise ValueError(f"network must be given, or saved as {saved}, got neither")
    return read_connectome(saved)


def _check_input(analysis: Analysis, found: str, name: str) -> None:
    if found != analysis.provenance["input_sha256"]:
        raise ValueError(
            f"{name} must have the weights that were analysed, got others: "
            "analyse again"
        )
