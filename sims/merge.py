"""Pieces of one sweep, made in different places, into one store."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from commstruct.provenance import recorded_call
from commstruct.storage import Folder, locked
from sims.store import Record, SweepStore, find_store, versions

logger = logging.getLogger("sims")

Progress = Callable[[int, int], None]
_PATIENCE = 5.0  # seconds: processes whose call was killed end within one


def merge_stores(
    store: str | Path, pieces: Sequence[str | Path], *, progress: Progress | None = None
) -> tuple[int, int]:
    """Bring the finished runs of several stores of one sweep into one.

    Every run is checked against its record before and after it is copied. Runs that
    `store` has are left as they are; the pieces are not changed.

    Parameters
    ----------
    store : path or URL
        Store to make or to add to.
    pieces : sequence of path or URL
        Stores of the same definition.
    progress : callable, optional
        Called with the numbers of pieces done and of all.

    Returns
    -------
    (int, int)
        Runs that were added; runs that are still missing.

    Raises
    ------
    ValueError
        If a piece is no sweep store, or of another sweep than the others, or if a run
        is torn.
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
            logger.info("%s was begun by other versions", one.folder.address)
    into.adopt(found[0])
    n_added = 0
    numbers = [
        n for place in into.places for n in (into.order(place), into.turn(place))
    ]
    with (
        locked(into.folder, numbers, patience=_PATIENCE),
        recorded_call(into.folder, versions()) as account,
    ):
        have = {place for place in into.places if into.check(place) is not None}
        for done, piece in enumerate(found, start=1):
            for place in piece.places:
                if place in have or (record := piece.check(place)) is None:
                    continue
                into.discard(place)
                _copy_weights(piece, into, place)
                if into.weights_checksum(place) != record["weights_sha256"]:
                    raise OSError(f"run {record['id']} was not copied whole")
                into.finish(place, _bare(record))
                have.add(place)
                n_added += 1
                account({"id": record["id"], "merged_from": piece.folder.address})
            if progress is not None:
                progress(done, len(found))
    return n_added, len(into.places) - len(have)


def _bare(record: Record) -> Record:
    added = ("definition_sha256", "record_sha256")
    return {key: value for key, value in record.items() if key not in added}


def _copy_weights(piece: SweepStore, into: SweepStore, place: tuple[int, int]) -> None:
    source, target = piece.weights(), into.weights("r+")
    for span in into.spans():
        target[(*place, span)] = np.asarray(source[(*place, span)])
