"""`commstruct layers`: tables and page of modules over layers, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.command import commstruct

import commstruct as cs

PLANTED = np.repeat([0, 1], 8)
SAME = PLANTED[:, None] == PLANTED


def write_layers(path, column="neuropil"):
    """Two modules in layer ME; in layer LO connections anywhere."""
    rng = np.random.default_rng(0)
    weights = {"ME": rng.poisson(1 + 6 * SAME), "LO": rng.poisson(2, (16, 16))}
    rows = [
        (f"n{i:02}", f"n{j:02}", layer, one[i, j])
        for layer, one in weights.items()
        for i, j in np.argwhere(one * ~np.eye(16, dtype=bool))
    ]
    table = pd.DataFrame(rows, columns=["pre", "post", column, "weight"])
    table.to_csv(path, index=False)
    return {name: one * ~np.eye(16, dtype=bool) for name, one in weights.items()}


def test_layers_are_scored_tested_and_reported(tmp_path):
    weights = write_layers(tmp_path / "w.csv", "zone")
    out = tmp_path / "out"
    done = commstruct(
        "layers", tmp_path / "w.csv", "--columns=layer=zone", "--out", out,
        "--nulls=39", "--restarts=1", "--workers=1", "--format=html", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["n_modules"], summary["p_value"]) == (2, 1 / 40)
    modules = pd.read_csv(out / "modules.csv", index_col="neuron").sort_index()
    assert modules.ME.tolist() in ([*PLANTED], [*(1 - PLANTED)])
    layers = pd.read_csv(out / "layers.csv", index_col="layer")
    expected = cs.modularity(weights["ME"].astype(float), PLANTED)
    assert layers.modularity["ME"] == pytest.approx(expected)
    assert layers.q_value["ME"] == 0.05
    assert layers.q_value["LO"] > 0.05
    carriers = pd.read_csv(out / "carriers.csv")
    inside = {name: int(one[SAME].sum()) for name, one in weights.items()}
    assert carriers.groupby("layer").weight.sum().to_dict() == inside
    assert (carriers[carriers.layer == "ME"].share > 0.6).all()
    about = json.loads((out / "layers.json").read_text())
    assert about["modules"]["layers"] == ["LO", "ME"]
    page = (out / "report.html").read_text()
    assert "The modularity of ME is larger than" in page
    assert "10.1126/science.1184819" in page  # Mucha et al.
    assert "Every neuron has one module" in (out / "methods.txt").read_text()


def test_files_are_layers_that_may_have_modules_of_their_own(tmp_path):
    for name, labels in {
        "t1": PLANTED,
        "t2": PLANTED[::-1],
        "t3": np.tile([0, 1], 8),
    }.items():
        np.save(tmp_path / f"{name}.npy", 1.0 * (labels[:, None] == labels))
    files = [tmp_path / f"t{i}.npy" for i in (1, 2, 3)]
    done = commstruct(
        "layers", *files, "--coupling=0.1", "--order=time", "--out", tmp_path / "out",
        "--self-connections=drop", "--nulls=0", "--restarts=1", "--format=html",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    modules = pd.read_csv(tmp_path / "out" / "modules.csv")
    assert (modules.t1 == modules.t2).all()
    assert modules.t3.nunique() == 2
    assert modules.t3.iloc[::2].nunique() == modules.t3.iloc[1::2].nunique() == 1
    assert "p_value" not in pd.read_csv(tmp_path / "out" / "layers.csv")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "not tested" in page
    assert "coupled with the next by 0.1 times" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["one.csv"], "must have at least two layers, got 0: name the column"),
        (["one.csv", "one.csv"], "networks must be different"),
        (["one.csv", "two.csv"], "layers must have the same neurons"),
        (["w.csv", "--order=place"], "order must be one of ('all', 'time')"),
        (["w.csv", "--null=nothing", "--nulls=1"], "null must be"),
    ],
)
def test_what_is_no_layers_is_refused(words, message, tmp_path):
    write_layers(tmp_path / "w.csv")
    (tmp_path / "one.csv").write_text("source,target,weight\na,b,1\nb,a,2\n")
    (tmp_path / "two.csv").write_text("source,target,weight\na,c,1\nc,a,2\n")
    done = commstruct(
        "layers", *words, "--restarts=1", "--workers=1", "--out=out", cwd=tmp_path
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
