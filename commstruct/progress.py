"""Progress of long calls, for a person who waits: on a terminal or in a notebook."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Bar: TypeAlias = Callable[[int, int], None]  # told how many are done, and of how many

PATIENCE = 2.0  # seconds after which a bar appears: shorter calls need none
INTERVAL = 0.2  # seconds from one change of the bar to the next

_wanted = True
_is_shown = False  # a call within a call shows no bar of its own


def show_progress(shown: bool = True) -> None:
    """Say whether long calls show a bar.

    They do by default, in a notebook or if standard error is a terminal, once a call
    has taken two seconds. The results do not depend on it.

    Parameters
    ----------
    shown : bool

    Raises
    ------
    TypeError
        If it is no bool.

    See Also
    --------
    find_modules, structure_significance, consensus_modules : Calls that show progress.

    Examples
    --------
    >>> import commstruct as cs
    >>> cs.show_progress(False)
    >>> cs.show_progress(True)
    """
    global _wanted
    if not isinstance(shown, bool):
        raise TypeError(f"shown must be True or False, got {shown!r}")
    _wanted = shown


def tracked(items: Iterable[T], total: int, task: str) -> Iterator[T]:
    """Pass items on, as they are done, and show how many of them that is."""
    with progress_of(task) as show:
        for done, item in enumerate(items, start=1):
            show(done, total)
            yield item


@contextmanager
def progress_of(task: str, given: Bar | None = None) -> Iterator[Bar]:
    """Show the progress of a task, or pass it to a function that was given.

    Only the outermost task is shown, and only in the main thread of the main process.
    Nothing is drawn in the first two seconds.
    """
    global _is_shown
    outer, _is_shown = _is_shown, True
    try:
        if given is not None:
            yield given
        elif outer or not _wanted or not _is_watched():
            yield _nothing
        else:
            with _bar(task) as show:
                yield _patient(show)
    finally:
        _is_shown = outer


def _nothing(done: int, total: int) -> None:
    """Show nothing."""


def _patient(show: Bar) -> Bar:
    """The same bar, but not at once, and not so often that it costs time."""
    start = last = time.monotonic()

    def at_times(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - start > PATIENCE and now - last > INTERVAL:
            show(done, total)
            last = now

    return at_times


def _is_watched() -> bool:
    is_main = (
        multiprocessing.current_process().name == "MainProcess"
        and threading.current_thread() is threading.main_thread()
    )
    return is_main and (_in_notebook() or sys.stderr.isatty())


def _in_notebook() -> bool:
    """Whether this is the process of a notebook, which has loaded IPython itself."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"


def _bar(task: str) -> AbstractContextManager[Bar]:
    return _notebook_bar(task) if _in_notebook() else _terminal_bar(task)


@contextmanager
def _terminal_bar(task: str) -> Iterator[Bar]:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: list[TaskID] = []

    def show(done: int, total: int) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(task))
        bar.update(tasks[0], completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()


@contextmanager
def _notebook_bar(task: str) -> Iterator[Bar]:
    """A bar in HTML, which needs no widgets, and which is gone when the call is."""
    from IPython.display import HTML, display

    handles: list[Any] = []

    def show(done: int, total: int) -> None:
        html = HTML(  # type: ignore[no-untyped-call]
            f'{escape(task)} <progress value="{done}" max="{total}"></progress> '
            f"{done} of {total}"
        )
        if handles:
            handles[0].update(html)
        else:
            handles.append(display(html, display_id=True))  # type: ignore[no-untyped-call]

    try:
        yield show
    finally:
        for handle in handles:
            handle.update(HTML(""))  # type: ignore[no-untyped-call]
