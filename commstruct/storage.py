"""Files that are written whole or not at all, and locks between processes."""

import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # not on this system
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = "lock"


class AlreadyLocked(ValueError):
    """Another process, or thread, holds one of the locks."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old one or the whole new one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from commstruct.storage import write_whole
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "tables" / "scores.csv", b"score")
    ...     (Path(folder) / "tables" / "scores.csv").read_bytes()
    b'score'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renaming replaces a file in one step; another name for each writer keeps two that
    # write at the same time apart.
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@dataclass(frozen=True)
class Folder:
    """A folder whose files are written whole or not at all.

    Attributes
    ----------
    address : str
        Absolute path, or the URL of an object store that fsspec knows.
    """

    address: str

    @classmethod
    def at(cls, place: str | Path) -> "Folder":
        """Make a folder of a path, which may be relative, or of a URL.

        Raises
        ------
        ValueError
            If fsspec, or what it needs for such a URL, is not installed.
        """
        if "://" not in str(place):
            return cls(str(Path(place).absolute()))
        try:
            import fsspec

            fsspec.core.url_to_fs(str(place))
        except (ImportError, ValueError) as error:
            raise ValueError(f"{place} cannot be opened: {error}") from None
        return cls(str(place).rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is on a file system."""
        return "://" not in self.address

    def path(self, name: str = "") -> Path:
        """Path of a file of a local folder."""
        return Path(self.address) / name

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        if self.is_local:
            return self.path(name).read_bytes()
        files, root = self._remote()
        content: bytes = files.cat_file(f"{root}/{name}")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        if not self.is_local:
            files, root = self._remote()
            # An object appears when all of it has arrived.
            files.pipe_file(f"{root}/{name}", content)
            return
        write_whole(self.path(name), content)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder and all in it, if it is there."""
        if self.is_local:
            path = self.path(name)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            return
        files, root = self._remote()
        with suppress(FileNotFoundError):
            files.rm(f"{root}/{name}", recursive=True)

    def names(self, name: str = "") -> list[str]:
        """Names of what is directly in a folder below this one; none if it is not."""
        if self.is_local:
            path = self.path(name)
            return sorted(p.name for p in path.iterdir()) if path.is_dir() else []
        files, root = self._remote()
        here = f"{root}/{name}".rstrip("/")
        try:
            found = [str(one).rstrip("/") for one in files.ls(here, detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        # of a file, the list is the file itself
        return sorted(one.rsplit("/", 1)[-1] for one in found if one != here)

    def exists(self) -> bool:
        """Whether there is anything at the address."""
        return self.path().exists() if self.is_local else bool(self.names())

    def _remote(self) -> tuple[Any, str]:
        import fsspec

        files, root = fsspec.core.url_to_fs(self.address)
        return files, str(root).rstrip("/")


@contextmanager
def locked(
    folder: Folder, locks: Sequence[int], *, patience: float = 0.0
) -> Iterator[bool]:
    """Hold locks of a folder, so that no other process or thread does the same work.

    Every lock is a byte of the file ``lock``, locked by the operating system, which
    releases it however the process ends. An object store has no locks.

    Parameters
    ----------
    folder : Folder
        Made if it is not there.
    locks : sequence of int
        Numbers of the locks.
    patience : float
        Seconds to wait for others to release them.

    Yields
    ------
    bool
        Whether there are locks where the folder is.

    Raises
    ------
    AlreadyLocked
        If another process, or thread, holds one of them.
    """
    if not folder.is_local or fcntl is None:
        yield False
        return
    folder.path().mkdir(parents=True, exist_ok=True)
    path, deadline = folder.path(LOCK_NAME), time.monotonic() + patience
    while (state := _acquire(path, locks)) is None:
        if time.monotonic() >= deadline:
            raise AlreadyLocked(
                f"another process is at work on {folder.address}: wait for it, or give "
                "each process runs of its own (--shard 1/2 and --shard 2/2)"
            )
        time.sleep(_RETRY_AFTER)
    try:
        yield state
    finally:
        if state:
            _release(path, locks)


_RETRY_AFTER = 0.1  # seconds: short beside a run, and no load
_guard = threading.Lock()
_held: dict[tuple[int, Path], tuple[IO[bytes], set[int]]] = {}
"""Open lock file and numbers of the locks that are held, by process and path.

The operating system releases all locks of a process on a file as soon as the process
closes it once, and does not keep its threads apart: so the file is opened once for all
threads, and they look here first.
"""


def _acquire(path: Path, locks: Sequence[int]) -> bool | None:
    """Acquire all locks or none: None if others hold some, False if there are none."""
    key = os.getpid(), path
    with _guard:
        file, held = _held.get(key) or (path.open("ab"), set())
        taken: list[int] = []
        state: bool | None = None
        try:
            if held.isdisjoint(locks):
                for number in locks:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                    taken.append(number)
                state = True
        except (BlockingIOError, PermissionError):
            pass
        except OSError:  # a file system without locks
            state = False
        if state:
            held.update(locks)
            _held[key] = file, held
        elif not held:
            file.close()
        else:
            for number in taken:
                fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
        return state


def _release(path: Path, locks: Sequence[int]) -> None:
    key = os.getpid(), path
    with _guard:
        file, held = _held[key]
        held.difference_update(locks)
        if held:
            for number in locks:
                fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
        else:
            del _held[key]
            file.close()
