"""What commands say: progress, log files, and one message where something fails."""

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import typer

from commstruct.commands.cluster import LogFile


@contextmanager
def speaking(quiet: bool, verbose: bool) -> Iterator[None]:
    """Say what happens on stderr; turn errors into one message and a status."""
    aloud = logging.StreamHandler(sys.stderr)
    aloud.setLevel(logging.ERROR if quiet else logging.NOTSET)
    aloud.addFilter(lambda record: not getattr(record, "only_in_file", False))
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s: %(message)s" if verbose else "%(message)s",
        handlers=[aloud],
        force=True,
    )
    for noisy in ("matplotlib", "asyncio", "fontTools", "numcodecs", "zarr", "fsspec"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    warnings.showwarning = _log_warning
    with log_file, _errors_told():
        yield


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise failure(1, "interrupted; the same command goes on from here") from None
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise failure(2, _os_message(error), error) from error
    except OSError as error:
        raise failure(1, _os_message(error), error) from error
    except (ValueError, TypeError, ImportError) as error:
        raise failure(2, str(error), error) from error
    except MemoryError as error:
        told = f"not enough memory ({error}): fewer --workers, or smaller networks"
        raise failure(1, told, error) from error
    except typer.Exit:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise failure(1, f"{kind}: {error}; see --verbose", error) from error


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What a library warns of is one line; what only programmers need is a detail."""
    level = logging.WARNING if category is UserWarning else logging.DEBUG
    logging.getLogger("commstruct").log(level, "%s", message)


def failure(status: int, message: str, error: Exception | None = None) -> typer.Exit:
    """Tell why on stderr, and return what ends the command with that status."""
    logging.getLogger("commstruct").debug("details", exc_info=error)
    say_in_file("failed: %s", message)
    print(f"commstruct: {message}", file=sys.stderr)
    return typer.Exit(status)


def _os_message(error: OSError) -> str:
    if error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


@contextmanager
def progress_of(
    what: str, quiet: bool, *, log_beside: str | None = None
) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a line for every tenth elsewhere.

    The first time that it is called, the work has begun, and the log gets its file.
    """
    tenths = -1

    def say(done: int, total: int) -> None:
        nonlocal tenths
        if total and 10 * done // total > tenths:
            tenths = 10 * done // total
            say_in_file("%s: %d/%d", what, done, total, also_aloud=not bars)

    def begin(done: int, total: int) -> None:
        if log_beside is not None and "://" not in log_beside:
            from sims.calls import CALL, PROVENANCE

            log_file.open(Path(log_beside) / PROVENANCE / f"{CALL}.log")
        say(done, total)
        if bars:
            bars[0](done, total)

    bars: list[Callable[[int, int], None]] = []
    if quiet or not sys.stderr.isatty():
        yield begin
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=None)
        bars.append(
            lambda done, total: progress.update(bar, completed=done, total=total)
        )
        yield begin


log_file = LogFile()


def say_in_file(text: str, *values: object, also_aloud: bool = False) -> None:
    """Log what is for the log file, and aloud only if asked."""
    extra = {"only_in_file": not also_aloud}
    logging.getLogger("commstruct").info(text, *values, extra=extra)
