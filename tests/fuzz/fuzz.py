"""Coverage-guided fuzzing of what comes from outside, with atheris.

Run ``python tests/fuzz/fuzz.py TARGET -max_total_time=120 -timeout=10
-rss_limit_mb=2048``, with TARGET one of definition, override, record, labels, or a
file ending such as .csv or .graphml. What is found is left in the working folder as
``crash-...`` and becomes a test in ``tests/test_hostile.py``.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["commstruct", "sims", "tomllib"]):
    import numpy as np

    from commstruct.analysis.sweeps import _read_record
    from commstruct.blocks import block_structure
    from commstruct.files import read_connectome
    from sims.definition import load_definition

ROOM = Path(tempfile.mkdtemp())
WEIGHTS = np.random.default_rng(0).normal(size=(6, 6))
TABLES = {"sweep": {"learning_rates": [0.1], "seeds": [0]}}


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
    json.dumps(_read_record(path))


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


def file_of(ending: str) -> Callable[[bytes], None]:
    """A network file of any content and one ending."""
    path = ROOM / f"fuzz{ending}"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        read_connectome(path, max_memory=50_000_000)

    return read


def main() -> None:
    name = sys.argv.pop(1)
    targets = {f.__name__: f for f in (definition, override, record, labels)}
    target = file_of(name) if name.startswith(".") else targets[name]
    warnings.simplefilter("ignore")

    def once(data: bytes) -> None:
        with suppress(ValueError, TypeError, ImportError, OSError):
            target(data)  # refused with one readable message, that is

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
