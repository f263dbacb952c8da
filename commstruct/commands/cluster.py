"""Clusters of machines that a command can send its work to."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from typing import Any

TIMEOUT = 15
"""Seconds for a scheduler to answer and to have a worker. Longer waits for slower
schedulers, shorter ones report a wrong address sooner; chosen by experience."""


@contextmanager
def cluster(address: str | None) -> Iterator[Executor | None]:
    """Connect to a dask.distributed scheduler.

    Parameters
    ----------
    address : str or None
        Such as ``tcp://host:8786``; None for this machine.

    Yields
    ------
    concurrent.futures.Executor or None

    Raises
    ------
    ValueError
        If distributed is not installed, or the address is malformed.
    OSError
        If no scheduler answers at the address, it has no worker, or scheduler or
        workers die and do not come back.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise ValueError(
            "--dask needs distributed: pip install 'commstruct[cluster]'"
        ) from None
    for name in ("distributed", "tornado", *logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):  # each has its own level
            logging.getLogger(name).setLevel(logging.CRITICAL)
    host, port = get_address_host_port(address)
    try:  # by a socket first: a client that cannot connect logs pages of tracebacks
        socket.create_connection((host, port), timeout=TIMEOUT).close()
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=TIMEOUT, set_as_default=False
        )
    except OSError:
        raise OSError(f"no dask scheduler answers at {address}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=TIMEOUT)
        except TimeoutError:
            raise OSError(f"the dask scheduler at {address} has no worker") from None
        try:
            yield client.get_executor()
        except KilledWorker as error:
            raise OSError(
                f"workers of {address} were killed, perhaps for lack of memory; "
                "finished work is kept, and the same command resumes from there "
                f"({error})"
            ) from None
        except CancelledError:
            raise OSError(
                f"the dask scheduler at {address} is gone; finished work is kept, and "
                "the same command resumes from there with a new scheduler"
            ) from None
