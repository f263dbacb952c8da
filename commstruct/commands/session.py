"""One call of a command: who does the work, and what is shown and kept of it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.cluster import cluster
from commstruct.commands.messages import Progress, open_log_file, progress_bar

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from commstruct.analysis.folders import Resources


@dataclass(frozen=True)
class Session:
    """One call of a command.

    Attributes
    ----------
    workers : int
        Processes of this machine.
    executor : concurrent.futures.Executor or None
        A cluster that does the work instead of them.
    command : str
        Command line that makes the results again, kept with them.
    quiet : bool
        Whether progress is hidden.
    """

    workers: int
    executor: "Executor | None" = None
    command: str = ""
    quiet: bool = False

    def progress(
        self, task: str, *, log_beside: str | None = None
    ) -> AbstractContextManager[Progress]:
        """Show the progress of a task; see `progress_bar`."""
        return progress_bar(task, quiet=self.quiet, log_beside=log_beside)

    @property
    def resources(self) -> "Resources":
        """Workers, executor and progress, as analyses and studies take them."""
        from commstruct.analysis.folders import Resources

        return Resources(self.workers, self.executor, self._progress_beside)

    def _progress_beside(
        self, task: str, folder: Path
    ) -> AbstractContextManager[Progress]:
        return self.progress(task, log_beside=str(folder))

    def record_call(self, out: Path, *, started: str, **about: Any) -> None:
        """Leave beside results which call made them, when, and what it logged.

        Parameters
        ----------
        out : Path
            Folder of the results.
        started : str
            Date and time at which the work began, see `commstruct.provenance.utc_now`.
        **about
            Plain data about the call, such as hashes of its inputs.
        """
        from commstruct.analysis import versions
        from commstruct.provenance import recorded_call
        from commstruct.storage import Folder

        open_log_file(out)
        with recorded_call(Folder.at(out), versions(), started=started) as account:
            account(about)


@contextmanager
def open_session(
    workers: int | None, dask: str | None = None, *, command: str = "", quiet: bool
) -> Iterator[Session]:
    """Start a session on processes of this machine, or on a cluster.

    Parameters
    ----------
    workers : int or None
        None for as many processes as there are cores.
    dask : str or None
        Address of a scheduler.
    command, quiet : see `Session`
    """
    with cluster(dask) as executor:
        yield Session(workers or count_cores(), executor, command, quiet)


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    from joblib import cpu_count

    return int(cpu_count())
