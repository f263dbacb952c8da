#!/usr/bin/env bash
# Build the wheel and the sdist, check them, install the wheel into an empty environment,
# and work from there as a user does who has nothing else. About two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}  # one with build, hatchling and twine
[[ $python == */* ]] && python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m build --no-isolation --outdir "$work/dist" . >"$work/build.log" 2>&1 ||
    { cat "$work/build.log"; exit 1; }
"$python" -m twine check --strict "$work"/dist/*

python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --constraint "$root/constraints.txt" \
    "$work"/dist/*.whl
cd "$work"
unset PYTHONPATH
commstruct=$work/venv/bin/commstruct
"$commstruct" --version
"$commstruct" doctor
"$commstruct" data export karate karate.graphml
"$commstruct" simulate learning-rate --out planned --dry-run  # found by its name
for kind in connectome groups learning-rate study; do
    "$commstruct" new "$kind"
done
"$commstruct" run learning-rate/learning-rate.toml --set sweep.seeds=[0] \
    --set sweep.steps=20 --set sweep.learning_rates=[0.3] --set analysis.n_nulls=1 \
    --set analysis.restarts=1 --set 'analysis.structures=["assortative"]'
test -s learning-rate/out/learning-rate/report.pdf
test -s learning-rate/out/learning-rate/report.html
echo "The package is complete."
