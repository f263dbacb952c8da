"""Merging stores: parts of one sweep, computed on different machines, into one."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from commstruct.provenance import recorded_call
from commstruct.storage import Folder, locked
from sims.store import Record, RunIndex, SweepStore, find_store, versions

logger = logging.getLogger("sims")

Progress = Callable[[int, int], None]
_PATIENCE = 5.0
"""Seconds to wait for locks: processes whose call was killed end within one."""


def merge_stores(
    store: str | Path, pieces: Sequence[str | Path], *, progress: Progress | None = None
) -> tuple[int, int]:
    """Copy the finished runs of several stores of one sweep into one store.

    Every run is compared with the checksum in its record before and after it is copied.
    Runs that `store` already has are left as they are; the pieces are not changed.

    Parameters
    ----------
    store : path or URL
        Store to create or to add to.
    pieces : sequence of path or URL
        Stores of the same definition.
    progress : callable, optional
        Called with the number of pieces done and their total number.

    Returns
    -------
    (int, int)
        Runs that were added; runs that are still missing.

    Raises
    ------
    ValueError
        If a piece is not a sweep store or belongs to another sweep than the others, or
        if a run is damaged.
    """
    found = [find_store(Folder.at(piece)) for piece in pieces]
    into = SweepStore(Folder.at(store), found[0].definition)
    for one in found:
        if one.attributes() != found[0].attributes():
            if one.identity() != found[0].identity():
                raise ValueError(
                    f"{one.folder.address} is of another sweep than "
                    f"{found[0].folder.address}: stores to merge must have one "
                    "definition"
                )
            logger.info(
                "%s was begun with other versions of the packages", one.folder.address
            )
    into.start_from(found[0])
    n_added = 0
    locks = [
        lock
        for index in into.runs
        for lock in (into.call_lock(index), into.run_lock(index))
    ]
    with (
        locked(into.folder, locks, patience=_PATIENCE),
        recorded_call(into.folder, versions()) as account,
    ):
        have = {index for index in into.runs if into.check(index) is not None}
        for done, piece in enumerate(found, start=1):
            for index in piece.runs:
                if index in have or (record := piece.check(index)) is None:
                    continue
                into.discard(index)
                _copy_weights(piece, into, index)
                if into.weights_checksum(index) != record["weights_sha256"]:
                    raise OSError(f"run {record['id']} was not copied completely")
                into.finish(index, _bare(record))
                have.add(index)
                n_added += 1
                account({"id": record["id"], "merged_from": piece.folder.address})
            if progress is not None:
                progress(done, len(found))
    return n_added, len(into.runs) - len(have)


def _bare(record: Record) -> Record:
    """The record without what `SweepStore.finish` adds."""
    added = ("definition_sha256", "record_sha256")
    return {key: value for key, value in record.items() if key not in added}


def _copy_weights(piece: SweepStore, into: SweepStore, index: RunIndex) -> None:
    source, target = piece.weights(), into.weights("r+")
    for span in into.spans():
        target[(*index, span)] = np.asarray(source[(*index, span)])
