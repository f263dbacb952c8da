"""What the commands need beyond one machine: clusters, shares, plans, log files."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.plan import Plan

_WAIT = 15  # seconds for a scheduler to answer and to have a worker


@contextmanager
def cluster(address: str | None) -> Iterator[Executor | None]:
    """Connect to a dask.distributed scheduler.

    Parameters
    ----------
    address : str or None
        As ``tcp://host:8786``; None for this machine.

    Yields
    ------
    concurrent.futures.Executor or None

    Raises
    ------
    ValueError
        If distributed is not installed, or the address is not one.
    OSError
        If no scheduler answers there, it has no worker, or scheduler or workers die
        for good.
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
    for noisy in ("distributed", "tornado", *logging.root.manager.loggerDict):
        if noisy.startswith(("distributed", "tornado")):  # each has its own level
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
    host, port = get_address_host_port(address)
    try:  # first, for a client that cannot connect says too much
        socket.create_connection((host, port), timeout=_WAIT).close()
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=_WAIT, set_as_default=False
        )
    except OSError:
        raise OSError(f"no dask scheduler answers at {address}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT)
        except TimeoutError:
            raise OSError(f"the dask scheduler at {address} has no worker") from None
        try:
            yield client.get_executor()
        except KilledWorker as error:
            raise OSError(
                f"workers of {address} were killed, perhaps for want of memory; what "
                f"was finished is kept, and the same command goes on ({error})"
            ) from None
        except CancelledError:
            raise OSError(
                f"the dask scheduler at {address} is gone; what was finished is kept, "
                "and the same command goes on with a new one"
            ) from None


def shard_of(text: str | None) -> tuple[int, int] | None:
    """Read ``i/n``.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if text is None:
        return None
    first, slash, last = text.partition("/")
    if not (slash and first.isdecimal() and last.isdecimal()):
        raise ValueError(f"--shard must be i/n with i from 1 to n, got {text!r}")
    shard = int(first), int(last)
    if not 1 <= shard[0] <= shard[1]:
        raise ValueError(f"--shard must be i/n with i from 1 to n, got {text!r}")
    return shard


def plan_lines(plan: "Plan") -> list[str]:
    """What a sweep will take, for a reader."""
    first, last = plan.seconds_per_step
    memory = (
        f"{plan.memory_bytes / 1e6:.0f} MB for each of {plan.workers} workers"
        if plan.memory_bytes
        else "not known on this system"
    )
    return [
        f"runs     {plan.n_missing} of {plan.n_runs} to make, {plan.steps} steps each, "
        f"{plan.n_neurons} neurons",
        f"time     {duration(plan.hours[0])} to {duration(plan.hours[1])}: a step "
        f"takes {1e3 * min(first, last):.2f} ms as training begins and "
        f"{1e3 * max(first, last):.2f} ms with all settling steps",
        f"disk     {plan.disk_bytes / 1e6:.1f} MB",
        f"memory   {memory}",
    ]


def duration(hours: float) -> str:
    """A time in the unit that suits it."""
    seconds = 3600 * hours
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


class LogFile:
    """Keeps what is said, and writes it down once there is a folder for it."""

    def __init__(self) -> None:
        # Nothing is written before the input was found usable.
        self._memory = MemoryHandler(capacity=10_000, flushLevel=logging.NOTSET)
        self._memory.setLevel(logging.INFO)

    def __enter__(self) -> "LogFile":
        logging.getLogger().addHandler(self._memory)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._memory)
        if isinstance(self._memory.target, logging.Handler):
            self._memory.target.close()
        self._memory.close()

    def open(self, file: Path) -> None:
        """Write to a file, from the beginning of the call on; made if need be."""
        if self._memory.target is not None:
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            target = logging.FileHandler(file, encoding="utf-8")
        except OSError:  # what is wrong with the folder, the work itself will say
            return
        target.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        self._memory.setTarget(target)
