"""Coverage-guided fuzzing of what comes from outside, with atheris.

Run ``python tests/fuzz/fuzz.py TARGET -max_total_time=120 -timeout=10
-rss_limit_mb=2048``, with TARGET one of definition, override, record, store, state,
labels; a small file of ``tests/helpers/small_files.py`` by its name, such as
edges.h5 or out.konect, which is what fuzzing begins with; files, which is any of
these, chosen by the first byte; or a file ending such as
.csv, weights:ENDING (weights:.safetensors) or stack:ENDING (stack:.npz), which begin
with nothing. A folder of examples may follow. What is found is left in the working
folder as ``crash-...`` and becomes a test in ``tests/files/test_hostile.py``.
"""

import hashlib
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `helpers`

with atheris.instrument_imports(include=["commstruct", "sims", "tomllib"]):
    import numpy as np
    from helpers.small_files import FILES

    from commstruct.analysis import open_sweep, read_weights
    from commstruct.analysis.sweeps import _read_run
    from commstruct.blocks.structure import block_structure
    from commstruct.files import read_connectome
    from commstruct.files import read_weights as recurrent_weights
    from commstruct.files.stacks import read_stack
    from sims.checkpoint import state_from_bytes
    from sims.definition import load_definition
    from sims.sweep import run_sweep
    from sims.verify import verify_store

ROOM = Path(tempfile.mkdtemp())
WEIGHTS = np.random.default_rng(0).normal(size=(6, 6))
TABLES: dict[str, Any] = {
    "network": {"n_neurons": 14},
    "task": {"name": "parity", "n_bits": 4},
    "sweep": {"learning_rates": [0.1], "seeds": [0], "steps": 5},
}


def definition(data: bytes) -> None:
    """A definition file of any content."""
    path = ROOM / "fuzz.toml"
    path.write_bytes(data)
    load_definition(path)


def override(data: bytes) -> None:
    """An override of any text."""
    load_definition(TABLES, overrides=[data.decode("utf-8", "replace")])


def record(data: bytes) -> None:
    """A record of a run, of any content."""
    path = ROOM / "record.json"
    path.write_bytes(data)
    json.dumps(_read_run(path).record)


@cache
def whole() -> dict[Path, bytes]:
    """Every file of a small store."""
    run_sweep(TABLES, ROOM / "store")
    paths = sorted((ROOM / "store").rglob("*"))
    return {p: p.read_bytes() for p in paths if p.is_file() and "prov" not in str(p)}


def store(data: bytes) -> None:
    """A store of which one file has any content, or some bytes that are others."""
    given = atheris.FuzzedDataProvider(data)
    path = given.PickValueInList(list(whole()))
    content, place = bytearray(whole()[path]), given.ConsumeIntInRange(0, 3000)
    if given.ConsumeBool():
        content = bytearray(given.ConsumeBytes(len(data)))
    else:
        content[place : place + 4] = given.ConsumeBytes(8)
    path.write_bytes(content)
    try:
        with suppress(ValueError, TypeError, OSError):
            verify_store(ROOM / "store", seed=0)
        sweep = open_sweep(ROOM / "store")
        for one in sweep.runs:
            read_weights(sweep, one)
    finally:
        path.write_bytes(whole()[path])


def state(data: bytes) -> None:
    """A checkpoint with its checksum and any content."""
    tables = load_definition(TABLES)
    network = tables.build_network(tables.task.build(), seed=0)
    state_from_bytes(hashlib.sha256(data).digest() + data, network)


def labels(data: bytes) -> None:
    """Labels of any type and number."""
    given = atheris.FuzzedDataProvider(data)
    kinds: list[Callable[[], object]] = [
        lambda: given.ConsumeIntListInRange(6, -(2**40), 2**40),
        lambda: given.ConsumeFloatList(6),
        lambda: given.ConsumeIntList(given.ConsumeIntInRange(0, 8), 1),
        lambda: [given.ConsumeUnicode(3) for _ in range(6)],
    ]
    values = given.PickValueInList(kinds)()
    block_structure(WEIGHTS, values)


def file_of(ending: str, reader: Callable[..., Any]) -> Callable[[bytes], None]:
    """A file of any content and one ending: a network, weights, or a stack."""
    path = ROOM / f"fuzz{ending}"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        reader(path, max_memory=50_000_000)

    return read


def small_file(name: str) -> Callable[[bytes], None]:
    """A file of any content and the name of a small one, read as that is."""
    read, path = FILES[name][1], ROOM / name

    def read_content(data: bytes) -> None:
        path.write_bytes(data)
        try:
            read(path)
        except ValueError as error:  # nothing else, and it says which file
            assert str(error).startswith(name)  # noqa: PT017
        except (TypeError, ImportError, OSError) as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error

    return read_content


def files(data: bytes) -> None:
    """Any of the small files, chosen by the first byte."""
    names = list(FILES)
    if data:
        small_file(names[data[0] % len(names)])(data[1:])


def begin_with(names: list[str]) -> str:
    """A folder with small files, each after its place among several."""
    folder = ROOM / "begin"
    folder.mkdir()
    for place, name in enumerate(names):
        FILES[name][0](folder / name)
        if len(names) > 1:
            content = (folder / name).read_bytes()
            (folder / name).write_bytes(bytes([place]) + content)
    return str(folder)


READERS: dict[str, Callable[..., Any]] = {
    "": read_connectome,
    "weights": recurrent_weights,
    "stack": read_stack,
}


def main() -> None:
    name = sys.argv.pop(1)
    named = (definition, override, record, store, state, labels)
    targets = {f.__name__: f for f in named}
    kind, _, ending = name.rpartition(":")
    if name in FILES:
        target = small_file(name)
        sys.argv.append(begin_with([name]))
    elif name == "files":
        target = files
        sys.argv.append(begin_with(list(FILES)))
    elif ending.startswith("."):
        target = file_of(ending, READERS[kind])
    else:
        target = targets[name]
    warnings.simplefilter("ignore")

    def once(data: bytes) -> None:
        with suppress(ValueError, TypeError, ImportError, OSError):
            target(data)  # refused with one readable message, that is

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
