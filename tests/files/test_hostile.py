"""Input of any content: one readable message, no hang, nothing written elsewhere."""

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.small_files import FILES, stack, weights
from helpers.stores import files_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from commstruct.analysis import open_sweep, read_weights
from commstruct.blocks.structure import block_structure
from commstruct.files import read_connectome
from commstruct.provenance import record_checksum
from sims.checkpoint import state_from_bytes
from sims.definition import load_definition
from sims.sweep import run_sweep
from sims.verify import verify_store

ZIP_OF_NOTHING = b"PK\x05\x06" + bytes(18)
FEW = settings(
    max_examples=60,
    deadline=10_000,  # milliseconds: no hang
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TINY: dict[str, Any] = {
    "network": {"n_neurons": 14, "gain": 0.5},
    "task": {"name": "parity", "n_bits": 4},
    "sweep": {"learning_rates": [0.1], "seeds": [0, 1], "steps": 10},
}
KEYS = {
    "network": ["kind", "n_neurons", "gain", "activation", "shortcuts", "hidden"],
    "task": ["name", "size", "held_out", "n_patterns", "n_bits", "seed", "path"],
    "rule": ["credit_mode", "loss", "settling_steps", "tolerance", "balance"],
    "sweep": ["learning_rates", "seeds", "steps", "batch_size", "checkpoints"],
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**6, 10**9, 10**12, 2**63, -1, 0])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["all-to-all", "layered", "digits", "association", "parity"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        table: st.dictionaries(st.sampled_from([*keys, "colour"]), VALUES) | VALUES
        for table, keys in KEYS.items()
    },
)


@contextmanager
def one_message() -> Iterator[None]:
    """Let through what the command line turns into one line, if it says something."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError) as error:
        if not str(error):
            raise


@FEW
@given(tables=TABLES)
def test_any_tables_are_a_definition_or_one_message(tables: dict[str, Any]) -> None:
    with one_message():
        definition = load_definition(tables)
        assert load_definition(definition.simulation()).sweep == definition.sweep


@FEW
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_a_definition_or_one_message(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"any\.toml is not"):
        load_definition(path)


@FEW
@given(text=st.text(max_size=40) | st.just("sweep.steps=" + "[" * 5000))
def test_any_override_is_taken_or_one_message(text: str) -> None:
    with one_message():
        load_definition(TINY, overrides=[text])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("network.n_neurons=1000000000", "network.n_neurons: .* 20000, got 1000000000"),
        ("sweep.checkpoints=1000000000", "sweep.checkpoints: .* 10000, got 1000000000"),
        ("sweep.steps=1000000000000", "sweep.steps: .* got 1000000000000"),
        ("sweep.batch_size=1000000000", "sweep.batch_size: .* got 1000000000"),
        ("sweep.seeds=[9223372036854775808]", r"sweep.seeds\[0\]: .* got 92233720368"),
        ("rule.settling_steps=10000000", "rule.settling_steps: .* got 10000000"),
        ("network.n_neurons = 1\nx = 2", "network.n_neurons: .* integer"),
    ],
)
def test_definitions_that_would_fill_the_memory_are_refused_at_once(
    override: str, message: str
) -> None:
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        load_definition(TINY, overrides=[override])
    assert time.perf_counter() - begun < 1


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    path = tmp_path_factory.mktemp("hostile") / "store"
    run_sweep(TINY, path)
    return path, files_of(path)


@FEW
@given(
    file=st.integers(0, 10**6),
    place=st.integers(0, 10**6),
    bit=st.integers(0, 7),
    action=st.sampled_from(["flip", "cut", "replace", "remove"]),
    other=st.binary(max_size=60),
)
def test_an_altered_store_is_read_or_refused_with_one_message(
    store: tuple[Path, dict[str, bytes]],
    file: int,
    place: int,
    bit: int,
    action: str,
    other: bytes,
) -> None:
    path, whole = store
    name = sorted(whole)[file % len(whole)]
    content = bytearray(whole[name])
    if action == "flip" and content:
        content[place % len(content)] ^= 1 << bit
    elif action == "cut" and content:
        del content[place % len(content) :]
    elif action == "replace":
        content = bytearray(other)
    (path / name).write_bytes(content)
    if action == "remove":
        (path / name).unlink()
    try:
        for look in (_analysis_reads, lambda path: verify_store(path, seed=0)):
            with one_message():
                look(path)
    finally:
        (path / name).write_bytes(whole[name])


@pytest.mark.parametrize(
    "content", [b"5555\x1f", b"5", b"[]", b'{"shape": 3}', b"null"]
)
@pytest.mark.parametrize("name", ["role", "weights"])
def test_what_says_how_an_array_is_stored_is_damaged(
    store: tuple[Path, dict[str, bytes]], name: str, content: bytes
) -> None:
    """Found by fuzzing stores: JSON that is no object was zarr's AttributeError."""
    path, whole = store
    file = f"{name}/zarr.json"
    (path / file).write_bytes(content)
    try:
        with pytest.raises(ValueError, match="must be whole, got"):
            open_sweep(path)
        with one_message():
            verify_store(path, seed=0)
    finally:
        (path / file).write_bytes(whole[file])


@pytest.mark.parametrize("name", ["role", "mask", "checkpoint", "seed"])
def test_torn_coordinates_are_one_message(
    store: tuple[Path, dict[str, bytes]], name: str
) -> None:
    """Found by altering stores: the codec's own error, with a traceback."""
    path, whole = store
    file = next(one for one in whole if one.startswith(f"{name}/c/"))
    (path / file).write_bytes(whole[file][:7])
    try:
        with pytest.raises(ValueError, match="must be whole, got Zstd decompression"):
            open_sweep(path)
    finally:
        (path / file).write_bytes(whole[file])


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"none", ZIP_OF_NOTHING])
def test_checkpoints_of_any_content_are_refused(content: bytes) -> None:
    """Found by fuzzing: an end of file, and what is no archive, with a traceback."""
    tables = load_definition(TINY)
    network = tables.build_network(tables.task.build(), seed=0)
    with pytest.raises(ValueError, match="a training state must be whole, got"):
        state_from_bytes(hashlib.sha256(content).digest() + content, network)


def _analysis_reads(path: Path) -> None:
    sweep = open_sweep(path)
    for run in sweep.runs:
        read_weights(sweep, run)


@pytest.mark.parametrize(
    "content",
    [
        {"id": "../../../escaped"},
        {"learning_rate": "high"},
        {"seed": [1]},
        {"checkpoints": None},
        {"checkpoints": {"step": 3}},
        {"history": 5},
        {"status": None},
        {"weights_sha256": 7},
    ],
)
def test_records_of_any_content_are_refused_and_escape_nowhere(
    store: tuple[Path, dict[str, bytes]], tmp_path: Path, content: dict[str, Any]
) -> None:
    path, whole = store
    name = "runs/rate-0.1-seed-0.json"
    record = json.loads(whole[name]) | content
    record["record_sha256"] = record_checksum(record)  # by somebody who knows how
    (path / name).write_text(json.dumps(record))
    out, words = tmp_path / "results", ("--nulls", "0", "--restarts", "1")
    before = set(tmp_path.rglob("*")) | set(path.parent.rglob("*"))
    try:
        result = subprocess.run(
            [sys.executable, "-m", "commstruct", "analyze", path, "--out", out, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        (path / name).write_bytes(whole[name])
    assert "Traceback" not in result.stderr
    assert result.returncode == 2, result.stderr
    after = set(tmp_path.rglob("*")) | set(path.parent.rglob("*"))
    assert {
        file for file in after - before if out not in (file, *file.parents)
    } == set()


@FEW
@given(
    content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    ending=st.sampled_from(
        [
            ".csv",
            ".tsv",
            ".npy",
            ".npz",
            ".mat",
            ".mtx",
            ".graphml",
            ".gml",
            ".net",
            ".json",
        ]
    ),
)
def test_network_files_of_any_content_are_read_or_refused(
    tmp_path: Path, content: bytes, ending: str
) -> None:
    path = tmp_path / f"any{ending}"
    path.write_bytes(content)
    with one_message():
        read_connectome(path, max_memory=50_000_000)


@FEW
@given(
    labels=st.lists(
        st.integers() | st.floats() | st.none() | st.text(max_size=2), max_size=8
    )
    | st.lists(st.integers(-3, 10**9), min_size=6, max_size=6)
)
def test_any_labels_are_used_or_refused(labels: list[Any]) -> None:
    weights = np.arange(36.0).reshape(6, 6)
    with one_message():
        block_structure(weights, labels)


def test_memory_does_not_grow_over_many_refusals() -> None:
    """At most 20 MB more after a thousand definitions that are not usable."""

    def refuse(n: int) -> None:
        for i in range(n):
            with pytest.raises(ValueError, match="is not usable"):
                load_definition(TINY, overrides=[f"network.colour={i}", "rule.x=[1]"])

    refuse(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuse(1000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000


@FEW
@given(content=st.binary(max_size=200), ending=st.sampled_from(["npz", "npy"]))
def test_weights_of_any_content_are_read_or_refused(tmp_path, content, ending):
    path = tmp_path / f"weights.{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"weights.{ending}: "):
        weights(path)


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_read_or_refused_by_name(name: str, tmp_path: Path) -> None:
    """Found so: malformed numbers in Matrix Market ended the process (scipy 1.17)."""
    write, read = FILES[name]
    path = tmp_path / name
    write(path)
    read(path)
    whole = path.read_bytes()
    rng, n_refused = np.random.default_rng(0), 0
    for turn in range(60):
        content = bytearray(whole)
        reach = len(whole) if turn % 3 == 1 else min(len(whole), 160)  # the header
        for place in rng.integers(reach, size=3 * (turn % 3 > 0)):
            content[place] = rng.choice([0, 57, 255, rng.integers(256)])
        cut = rng.integers(len(whole)) if turn % 3 == 0 else len(whole)
        path.write_bytes(content[:cut])
        try:
            read(path)
        except ValueError as error:
            assert str(error).startswith(name)  # noqa: PT017
            n_refused += 1
    assert n_refused >= 20


@pytest.mark.parametrize(
    ("length", "header", "message"),
    [
        (2**62, b"{}", "cannot be read as safetensors"),
        (400, b"[" * 400, "cannot be read as safetensors"),
        (0, b"", "cannot be read as safetensors"),
        (
            None,
            b'{"w":{"dtype":"F32","shape":[99999,99999],"data_offsets":[0,4]}}',
            "cannot be read as safetensors",
        ),
        (
            None,
            b'{"w":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}' + bytes(4),
            "dtype F8_E4M3 is not read: save the weights as float32",
        ),
    ],
)
def test_safetensors_that_state_what_they_have_not_are_refused(
    length: int | None, header: bytes, message: str, tmp_path: Path
) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "w.safetensors"
    size = len(header.rstrip(b"\0")) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + header)
    with pytest.raises(ValueError, match=message) as caught:
        weights(path)
    assert str(caught.value).startswith("w.safetensors: ")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
def test_objects_in_files_of_stacks_and_weights_are_refused(
    name: str, tmp_path: Path
) -> None:
    objects, path = np.full((3, 3, 3), None, dtype=object), tmp_path / name
    writers: dict[str, Callable[[], Any]] = {
        "a.npy": lambda: np.save(path, objects, allow_pickle=True),
        "a.npz": lambda: np.savez(path, fc=objects),
        "a.mat": lambda: savemat(path, {"fc": np.full((3, 3, 3), "x", dtype=object)}),
    }
    writers[name]()
    for read in (stack, weights):
        with pytest.raises(ValueError, match=f"{name}|ending"):
            read(path)
