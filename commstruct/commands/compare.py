"""`commstruct compare`: two connectomes, several, or groups of them."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line
from commstruct.commands.compare_inputs import (
    Inputs,
    consistent_inputs,
    is_stack,
    read_inputs,
    read_stack_inputs,
)
from commstruct.commands.messages import log, print_summary
from commstruct.commands.networks import (
    distinct_names,
    is_store,
    read_groups,
    runs_of,
)
from commstruct.commands.options import (
    USUAL_PAGES,
    Formats,
    OutputOptions,
    PageOptions,
    Restarts,
    ResultsFolder,
    Seed,
    Workers,
)
from commstruct.commands.reading import ReadingOptions
from commstruct.commands.session import Session, open_session
from commstruct.commands.settings import report_settings

if TYPE_CHECKING:
    import pandas as pd

    from commstruct.analysis import Analysis
    from commstruct.compare.placement import Placement
    from commstruct.report.settings import ReportSettings

NAMES_SHOWN = 8  # of neurons that only one network has; enough to recognise a pattern

PAIR_SUMMARY = (
    "names",
    "match",
    "n_matched",
    "n_only_a",
    "n_only_b",
    "weight_correlation",
    "notes",
    "scales",
    "blocks_by",
    "diagonal_difference",
    "distances",
    "axis",
    "partitions",
)
"""Keys of comparison.json that `--json` prints for two networks."""

GROUPS_SUMMARY = (
    "names",
    "groups",
    "formula",
    "term",
    "n_matched",
    "whole_p",
    "whole_share",
    "spread_p",
    "smallest_p",
    "scores",
    "components",
    "agreement",
)
"""Keys of comparison.json that `--json` prints for three or more."""


@dataclass(frozen=True)
class ComparisonOptions:
    """How networks are compared."""

    groups: Annotated[
        str | None,
        typer.Option(
            metavar="G,G,H,H",
            help="Group of each network, in their order, or a CSV file with the "
            "columns network and group.",
            show_default=False,
        ),
    ] = None
    participants: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="What is known of each network (.tsv or .csv): rows are found by a "
            "column path, or by participant_id (and session_id) in the file's name.",
            show_default=False,
        ),
    ] = None
    formula: Annotated[
        str | None,
        typer.Option(
            help="With --participants, what may explain the networks: "
            "'group + age + sex', 'group * age', or '1' for one sample.",
            show_default="group",
        ),
    ] = None
    test: Annotated[
        str | None,
        typer.Option(
            help="Term of the formula, or contrast of its columns, that is tested.",
            show_default="its first term",
        ),
    ] = None
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of participants that tells which networks are of the same "
            "individual.",
            show_default=False,
        ),
    ] = None
    edges: Annotated[
        str,
        typer.Option(
            help="Of groups, how edges are tested: nbs (each, and their components), "
            "tfnbs (also threshold-free), or none."
        ),
    ] = "nbs"
    consistency: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of three or more networks, keep the connections that at least this "
            "share of them has.",
            show_default="all",
        ),
    ] = None
    stack: Annotated[
        str | None,
        typer.Option(
            metavar="LAYOUT",
            help="Of one file with all networks (.npy, .npz, .mat): subjects on the "
            "first or last axis, or rows that are triangles or "
            "triangles-without-diagonal.",
            show_default="as its shape says",
        ),
    ] = None
    modules: Annotated[
        str,
        typer.Option(
            help="Modules that are found in every network: auto, any or none; of "
            "groups also assortative or disassortative. auto: of groups, assortative, "
            "of up to 2000 neurons; of two, any, or none where more than 2000 neurons "
            "are compared by type."
        ),
    ] = "auto"
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of groups, attribute of the neurons that is used in place of the "
            "modules that the networks share.",
            show_default=False,
        ),
    ] = None
    sweep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of an analysed sweep: which of its learning rates does each "
            "network resemble?",
            show_default=False,
        ),
    ] = None
    region: Annotated[
        str | None,
        typer.Option(
            help="With --sweep, the part of its networks to compare with: whole, "
            "hidden or learned change.",
            show_default="hidden if it was analysed",
        ),
    ] = None
    match: Annotated[
        str,
        typer.Option(
            help="How neurons are matched: names, types, graph (by their "
            "connections), or auto, the first of these that is possible."
        ),
    ] = "auto"
    normalize: Annotated[
        str,
        typer.Option(
            help="total: scale to the same mean |weight|; of groups, stable: by the "
            "half of blocks that vary least between individuals, median: by the median "
            "block; none: as read; auto: total for two networks; of groups none for "
            "correlations and for fewer than nine blocks, else stable."
        ),
    ] = "auto"
    blocks_by: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Attribute of the neurons that defines the blocks, or modules.",
            show_default="type if known, else modules",
        ),
    ] = "auto"
    seed: Seed = 0
    restarts: Restarts = 4
    n_nulls: Annotated[
        int | None,
        typer.Option(
            "--nulls",
            min=0,
            help="Randomised networks of each network.",
            show_default="100; 20 where no modules are sought among more than 2,000 "
            "neurons",
        ),
    ] = None
    null: Annotated[
        str,
        typer.Option(
            help="What randomised networks keep: auto, permute, degree, strength, "
            "gains, reciprocity, signs, distance or correlation."
        ),
    ] = "auto"
    n_permutations: Annotated[
        int | None,
        typer.Option(
            "--permutations",
            min=1,
            help="For tests of differences.",
            show_default="2000, of groups 5000",
        ),
    ] = None

    @property
    def has_design(self) -> bool:
        """Whether networks are individuals of a design that is tested."""
        return self.groups is not None or self.participants is not None

    def check(self, networks: list[str]) -> None:
        """Refuse options that these networks cannot be compared with.

        Raises
        ------
        ValueError
            If one is unknown, or does not fit the number of networks.
        """
        from commstruct.compare.connectomes import MATCHES, PAIR_MODULES
        from commstruct.compare.groups import EDGE_TESTS, MODULE_KINDS
        from commstruct.compare.scaling import GROUP_NORMALIZE
        from commstruct.vocabulary import NULL_NAMES

        if len(networks) < 2:
            raise ValueError("compare needs at least two networks, got one")
        if self.consistency is not None and len(networks) < 3:
            raise ValueError("--consistency is for three or more networks, got two")
        is_pair = len(networks) == 2 and not self.has_design
        for name in ("formula", "test", "subject"):
            if getattr(self, name) is not None and not self.has_design:
                raise ValueError(f"--{name} needs --participants")
        if self.sweep is not None and not is_pair:
            raise ValueError("--sweep is for two networks without groups")
        if self.region is not None and self.sweep is None:
            raise ValueError("--region is of the runs of a sweep: it needs --sweep")
        if self.match not in MATCHES:
            raise ValueError(
                f"--match must be one of {', '.join(MATCHES)}, got {self.match!r}"
            )
        if self.match == "graph" and not is_pair:
            raise ValueError(
                "--match must be auto, names or types for more than two networks, got "
                "graph"
            )
        if self.null not in NULL_NAMES:
            raise ValueError(
                f"--null must be one of {', '.join(NULL_NAMES)}, got {self.null!r}"
            )
        allowed = ("auto", "total", "none") if is_pair else GROUP_NORMALIZE
        if self.normalize not in allowed:
            raise ValueError(
                f"--normalize must be one of {', '.join(allowed)}, got "
                f"{self.normalize!r}"
            )
        if self.edges not in EDGE_TESTS:
            raise ValueError(
                f"--edges must be one of {', '.join(EDGE_TESTS)}, got {self.edges!r}"
            )
        if self.modules not in MODULE_KINDS:
            raise ValueError(
                f"--modules must be one of {', '.join(MODULE_KINDS)}, got "
                f"{self.modules!r}"
            )
        if is_pair and self.modules not in PAIR_MODULES:
            raise ValueError(
                f"--modules must be one of {', '.join(PAIR_MODULES)} for two networks, "
                f"got {self.modules!r}"
            )
        if is_pair and self.reference is not None:
            raise ValueError("--reference is for groups of networks")

    def with_folders_opened(self, networks: list[str]) -> list[str]:
        """Return files for folders: those that have a row in the participants.

        Raises
        ------
        ValueError
            If no file of a folder has one.
        """
        from commstruct.compare.participants import files_with_rows

        opened: list[str] = []
        for network in networks:
            folder = Path(network)
            is_folder = folder.is_dir() and not is_store(network)
            if self.participants is None or not is_folder:
                opened.append(network)
            else:
                files = files_with_rows(folder, self.participants)
                opened += map(str, files)
        return opened

    def read_participants(
        self, networks: list[str], stack: Inputs | None
    ) -> "pd.DataFrame | None":
        """Return the rows of the networks, in their order, if there is a table."""
        from commstruct.compare.participants import (
            read_participants,
            read_participants_of_stack,
        )

        if self.participants is None:
            return None
        if stack is not None:
            return read_participants_of_stack(
                self.participants,
                len(stack.names),
                names=stack.names if stack.has_names else None,
                subject=self.subject,
            )
        return read_participants(self.participants, networks, subject=self.subject)

    def words(self) -> list[str]:
        """Return the options as words of a command line."""
        return [
            *([f"--groups={self.groups}"] if self.groups else []),
            *self._design_words(),
            *([f"--sweep={self.sweep}"] if self.sweep else []),
            *([f"--region={self.region}"] if self.region else []),
            f"--match={self.match}",
            f"--normalize={self.normalize}",
            f"--blocks-by={self.blocks_by}",
            f"--seed={self.seed}",
            f"--restarts={self.restarts}",
            *([f"--nulls={self.n_nulls}"] if self.n_nulls is not None else []),
            f"--null={self.null}",
            *(
                [f"--permutations={self.n_permutations}"]
                if self.n_permutations is not None
                else []
            ),
        ]

    def _design_words(self) -> list[str]:
        names = ("participants", "formula", "test", "subject", "reference", "stack")
        given = {name: getattr(self, name) for name in names}
        if self.edges != "nbs":
            given["edges"] = self.edges
        if self.modules != "auto":
            given["modules"] = self.modules
        if self.consistency is not None:
            given["consistency"] = f"{self.consistency:g}"
        return [f"--{name}={value}" for name, value in given.items() if value]

    def keywords(self) -> dict[str, Any]:
        """Return what both ways of comparing take, by keyword."""
        return {
            "match": self.match,
            "normalize": self.normalize,
            "blocks_by": self.blocks_by,
            "seed": self.seed,
            "restarts": self.restarts,
            **(
                {"n_permutations": self.n_permutations}
                if self.n_permutations is not None
                else {}
            ),
        }

    def pair_keywords(self) -> dict[str, Any]:
        """Return what a comparison of two takes, by keyword."""
        scale = "total" if self.normalize == "auto" else self.normalize
        return {**self.keywords(), "normalize": scale, "modules": self.modules}

    def group_keywords(self) -> dict[str, Any]:
        """Return what a comparison of groups takes, by keyword."""
        return {
            **self.keywords(),
            "formula": self.formula,
            "test": self.test,
            "subject": self.subject,
            "edges": self.edges,
            "modules": self.modules,
            "reference": self.reference,
        }


@command
def compare(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C ...]",
            help="Files of weights or edges, dataset:NAME, or STORE@RATE,SEED for one "
            "run of a sweep; one STORE alone stands for all its runs, grouped by "
            "learning rate.",
            show_default=False,
        ),
    ],
    out: ResultsFolder,
    options: ComparisonOptions,
    reading: ReadingOptions,
    pages: PageOptions = USUAL_PAGES,
    formats: Formats = None,
    workers: Workers = None,
    *,
    output: OutputOptions,
) -> None:
    """Compare two connectomes, or groups of connectomes, and report on it.

    Two: edges, weights, blocks, modules, and the position of both between
    block-diagonal and off-diagonal. Three or more: distances between all, and with
    --groups or --participants tests of differences between individuals, with other
    predictors and repeated measures if need be. A folder stands for those of its files
    that have a row in --participants, and one .npy, .npz or .mat for a stack of
    networks, (n, n, subjects) or (subjects, n, n). The results are comparison.json,
    tables (.csv), report.pdf and report.html.
    """
    from commstruct.provenance import utc_now

    started = utc_now()
    report = report_settings(formats=formats, **asdict(pages))
    if len(networks) == 1 and is_store(networks[0]):
        networks, options = _runs_by_learning_rate(networks[0], options)
    networks = given = options.with_folders_opened(networks)
    stack = None
    if is_stack(networks, options.stack, reading.variable):
        stack = read_stack_inputs(networks[0], options.stack, reading)
        networks = stack.networks
    options.check(networks)
    reading.check(networks)
    participants = options.read_participants(networks, stack)
    names = distinct_names(networks) if stack is None else stack.names
    groups = None if options.groups is None else read_groups(options.groups, networks)
    sweep = None if options.sweep is None else _read_sweep(options)
    words = [*options.words(), *reading.words(), "--out=DIR"]
    line = command_line("compare", *given, options=words)
    with open_session(workers, command=line, quiet=output.quiet) as session:
        inputs = stack or read_inputs(networks, names, reading)
        if options.consistency is not None:
            inputs = consistent_inputs(inputs, options.consistency)
        if len(networks) == 2 and not options.has_design:
            summary = _compare_two(inputs, out, options, sweep, session, report)
        else:
            tested = (groups, participants)
            summary = _compare_several(inputs, out, options, tested, session, report)
        print_summary(summary, as_json=output.as_json)
        hashes = dict(zip(networks, inputs.hashes, strict=True))
        session.record_call(out, started=started, inputs=hashes)


def _runs_by_learning_rate(
    store: str, options: ComparisonOptions
) -> tuple[list[str], ComparisonOptions]:
    """Return the runs of a store, to be compared as groups of one learning rate."""
    if options.groups is not None or options.match not in ("auto", "types"):
        raise ValueError(
            "runs of one sweep store are compared by the types of their "
            "neurons, grouped by learning rate: name runs as STORE@RATE,SEED "
            "for other groups or matches"
        )
    networks, groups = runs_of(store)
    return networks, replace(
        options,
        groups=groups,
        match="types",  # a hidden neuron has no counterpart in another run
        blocks_by="role" if options.blocks_by == "auto" else options.blocks_by,
    )


def _read_sweep(options: ComparisonOptions) -> "Analysis":
    """Read the analysis of a sweep, which must have the region that is asked for."""
    from commstruct.analysis import read_analysis

    analysis = read_analysis(Path(options.sweep or ""))
    if analysis.kind != "sweep":
        raise ValueError(
            f"--sweep must be an analysed sweep, got a network's analysis in "
            f"{options.sweep}"
        )
    analysed = list(dict.fromkeys(one.region for one in analysis.regions))
    if options.region is not None and options.region not in analysed:
        raise ValueError(
            f"--region must be one that was analysed ({', '.join(analysed)}), got "
            f"{options.region!r}"
        )
    return analysis


def _compare_two(
    inputs: Inputs,
    out: Path,
    options: ComparisonOptions,
    sweep: "Analysis | None",
    session: Session,
    report: "ReportSettings",
) -> dict[str, Any]:
    """Compare two connectomes, write the results, and return their summary."""
    from commstruct.compare import compare_connectomes
    from commstruct.datasets import DATASET
    from commstruct.report.pages.results import write_result

    log.info("comparing the two, and null networks of each")
    comparison = compare_connectomes(
        *inputs.connectomes,
        names=(inputs.names[0], inputs.names[1]),
        n_nulls=options.n_nulls,
        null=options.null,
        workers=session.workers,
        **options.pair_keywords(),
    )
    for note in comparison.notes:
        log.info("%s", note)
    unmatched = (comparison.only_a, comparison.only_b)
    for name, neurons in zip(inputs.names, unmatched, strict=True):
        if neurons:
            shown = ", ".join(neurons[:NAMES_SHOWN])
            more = ", ..." if len(neurons) > NAMES_SHOWN else ""
            log.info("only in %s: %d neurons (%s%s)", name, len(neurons), shown, more)
    placements = {} if sweep is None else _place(inputs, options, sweep, session)
    shipped = [
        network.removeprefix(DATASET) if network.startswith(DATASET) else None
        for network in inputs.networks
    ]
    comparison = replace(
        comparison,
        provenance=inputs.provenance(session.command),
        datasets=(shipped[0], shipped[1]),
        placements=placements,
    )
    paths = write_result(comparison, out, report)
    content = comparison.to_dict()
    edges = content["edges"] or {}
    return {
        **{key: content[key] for key in PAIR_SUMMARY},
        "jaccard": edges.get("jaccard"),
        "weight_correlation_p": edges.get("weight_correlation_p"),
        "n_blocks_tested": int(comparison.blocks["mean_p"].notna().sum()),
        "n_blocks_different": int((comparison.blocks["mean_q"] <= 0.05).sum()),
        "nearest_learning_rate": {
            name: placement.nearest for name, placement in placements.items()
        },
        "files": [str(path) for path in paths.values()],
    }


def _place(
    inputs: Inputs, options: ComparisonOptions, sweep: "Analysis", session: Session
) -> "dict[str, Placement]":
    """Place each network among the trained networks of a sweep, by name."""
    from commstruct.compare.placement import place_on_sweep

    placements = {}
    for name, connectome in zip(inputs.names, inputs.connectomes, strict=True):
        placements[name] = place_on_sweep(
            connectome,
            sweep,
            seed=options.seed,
            region=options.region,
            workers=session.workers,
        )
        log.info("%s", placements[name].sentence(name))
    notes = [note for placement in placements.values() for note in placement.notes]
    for note in dict.fromkeys(notes):
        log.info("%s", note)
    return placements


def _compare_several(
    inputs: Inputs,
    out: Path,
    options: ComparisonOptions,
    tested: "tuple[list[str] | None, pd.DataFrame | None]",
    session: Session,
    report: "ReportSettings",
) -> dict[str, Any]:
    """Compare several connectomes, or groups; write and return the results."""
    from commstruct.compare import compare_groups
    from commstruct.report.pages.results import write_result

    groups, participants = tested
    comparison = compare_groups(
        inputs.connectomes,
        groups,
        participants=participants,
        names=inputs.names if inputs.has_names else None,
        workers=session.workers,
        **options.group_keywords(),
    )
    for note in comparison.notes:
        log.info("%s", note)
    comparison = replace(comparison, provenance=inputs.provenance(session.command))
    paths = write_result(comparison, out, report)
    content = comparison.to_dict()
    return {
        **{key: content[key] for key in GROUPS_SUMMARY},
        "files": [str(path) for path in paths.values()],
    }
