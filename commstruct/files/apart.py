"""Readings that are tried in a process of their own, for libraries in C.

HDF5 does not stand every damaged file: it may read on without end, fill the memory, or
end the process. The process of the user must not be the one in which that happens.
"""

import faulthandler
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

# Memory that a reading may take beside what the file unpacks to, and bytes that one
# byte of a file may unpack to, as in gzip (https://zlib.net/zlib_tech.html).
SPARE_MEMORY = 2**29
MOST_UNPACKED = 1032
# Seconds, and bytes per second: a slow disk reads ten times as fast.
SPARE_TIME, SLOWEST = 10.0, 5e6


def try_apart(path: Path, read: Callable[[], object], max_memory: int) -> None:
    """Read a file in a process of its own, with limits, before it is read here.

    Only Linux has both the limits and processes that are made in milliseconds; on other
    systems the file is read here alone.

    Parameters
    ----------
    path : Path
    read : function
        Reads the file; what it returns is not used. It is called a second time by
        whoever called this function, and then meets nothing that it has not met.
    max_memory : int

    Raises
    ------
    ValueError
        If it raises one, or takes too much memory or time, or ends its process.

    Examples
    --------
    >>> import os
    >>> from pathlib import Path
    >>> from commstruct.files.apart import try_apart
    >>> try_apart(Path("fine.h5"), lambda: 3, 10**9)
    >>> try_apart(Path("bad.h5"), os.abort, 10**9)  # doctest: +SKIP
    Traceback (most recent call last):
    ValueError: bad.h5: cannot be read: the library that reads it ended its process
    """
    if sys.platform != "linux":
        return
    size = path.stat().st_size if path.exists() else 0
    seconds = SPARE_TIME + size / SLOWEST
    memory = SPARE_MEMORY + min(max_memory, MOST_UNPACKED * size)
    receive, send = os.pipe()
    with warnings.catch_warnings():  # of threads, which do nothing here
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        _read_and_end(path, read, send, memory)
    os.close(send)
    status = _wait(process, seconds)
    with os.fdopen(receive, "rb") as stream:
        message = stream.read().decode("utf-8", "replace") if status == 0 else ""
    if status is None:
        message = f"{path.name}: cannot be read in {seconds:.0f} s: it is damaged"
    elif status != 0:
        message = (
            f"{path.name}: cannot be read: the library that reads it ended its process"
        )
    if message:
        raise ValueError(message)


def _read_and_end(
    path: Path, read: Callable[[], object], send: int, memory: int
) -> None:
    """Read a file within the limits, send the error if there is one, and end."""
    try:
        import resource

        faulthandler.disable()  # the message of a crash is that of this function
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        used = int(Path("/proc/self/statm").read_text().split()[0])
        limit = used * os.sysconf("SC_PAGE_SIZE") + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        read()
    except ValueError as error:
        os.write(send, str(error).encode()[:4000])
    except BaseException as error:  # noqa: BLE001 whatever it is, the process ends here
        reason = " ".join(str(error).split()) or type(error).__name__
        os.write(send, f"{path.name}: cannot be read: {reason[:300]}".encode())
    finally:
        os._exit(0)


def _wait(process: int, seconds: float) -> int | None:
    """Status of a process that has ended; None if it had to be ended."""
    until, pause = time.monotonic() + seconds, 0.001
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None
