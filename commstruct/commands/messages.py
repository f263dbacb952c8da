"""What a command says: progress, a log, one message for an error, a summary."""

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import typer

from commstruct.commands.log_file import LogFile

log = logging.getLogger("commstruct")
log_file = LogFile()

Progress = Callable[[int, int], None]
"""Takes the number of finished parts, and of all."""


@contextmanager
def messages(*, quiet: bool, verbose: bool) -> Iterator[None]:
    """Log to stderr, and turn errors into one message and an exit status."""
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setLevel(logging.ERROR if quiet else logging.NOTSET)
    stderr.addFilter(lambda record: not getattr(record, "only_in_file", False))
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s: %(message)s" if verbose else "%(message)s",
        handlers=[stderr],
        force=True,
    )
    for name in ("matplotlib", "asyncio", "fontTools", "numcodecs", "zarr", "fsspec"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.showwarning = _log_warning
    with log_file, _errors_as_messages():
        yield


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise failure(1, "interrupted; the same command resumes from here") from None
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise failure(2, _os_message(error), error) from error
    except OSError as error:
        raise failure(1, _os_message(error), error) from error
    except (ValueError, TypeError, ImportError) as error:
        raise failure(2, str(error), error) from error
    except MemoryError as error:
        message = (
            f"not enough memory ({error}): use fewer --workers or a smaller network"
        )
        raise failure(1, message, error) from error
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
    """Log a warning in one line; those meant for programmers only with --verbose."""
    level = logging.WARNING if category is UserWarning else logging.DEBUG
    log.log(level, "%s", message)


def failure(status: int, message: str, error: Exception | None = None) -> typer.Exit:
    """Print the reason on stderr, and return the exception that ends the command."""
    log.debug("details", exc_info=error)
    _log_to_file("failed: %s", message)
    print(f"commstruct: {message}", file=sys.stderr)
    return typer.Exit(status)


def _os_message(error: OSError) -> str:
    if error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def print_summary(summary: dict[str, Any], *, as_json: bool) -> None:
    """Print the summary for `--json`, and log which files were written."""
    if as_json:
        print(json.dumps(summary, indent=1, default=str))
    for path in summary.get("files", [summary["store"]] if "store" in summary else []):
        log.info("wrote %s", path)


@contextmanager
def progress_bar(
    task: str, *, quiet: bool, log_beside: str | None = None
) -> Iterator[Progress]:
    """Show progress: a bar on a terminal, a line for every tenth elsewhere.

    The first report of progress means that the input was usable and work has begun:
    this is when the log file is opened.

    Parameters
    ----------
    task : str
        What is being done, as a participle: "training".
    quiet : bool
        Whether to show nothing; the log file has the lines nevertheless.
    log_beside : str, optional
        Folder of the results, for the log file.

    Yields
    ------
    callable (n_done, n_all) -> None
    """
    tenths = -1

    def log_tenths(n_done: int, n_all: int) -> None:
        nonlocal tenths
        if n_all and 10 * n_done // n_all > tenths:
            tenths = 10 * n_done // n_all
            _log_to_file("%s: %d/%d", task, n_done, n_all, on_stderr_too=not bars)

    def report(n_done: int, n_all: int) -> None:
        if log_beside is not None and "://" not in log_beside:
            open_log_file(log_beside)
        log_tenths(n_done, n_all)
        for bar in bars:
            bar(n_done, n_all)

    bars: list[Progress] = []
    if quiet or not sys.stderr.isatty():
        yield report
        return
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    with RichProgress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(task, total=None)
        bars.append(
            lambda n_done, n_all: progress.update(bar, completed=n_done, total=n_all)
        )
        yield report


def open_log_file(out: str | Path) -> None:
    """Write the log of this call to the provenance folder of its results."""
    from commstruct.provenance import CALL_NAME, PROVENANCE_FOLDER

    log_file.open(Path(out) / PROVENANCE_FOLDER / f"{CALL_NAME}.log")


def _log_to_file(text: str, *values: object, on_stderr_too: bool = False) -> None:
    log.info(text, *values, extra={"only_in_file": not on_stderr_too})
