"""One thread of linear algebra, so that rounding depends on no number of threads."""

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Context in which linear algebra and OpenMP use one thread.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> from commstruct.threads import one_thread
    >>> with one_thread():
    ...     sorted({library["num_threads"] for library in threadpool_info()})
    [1]
    """
    limited: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> ThreadpoolController:
    """Libraries that have threads, looked for again once more modules are imported.

    Finding them takes longer than a step of training or a search in a small network.
    """
    return ThreadpoolController()
