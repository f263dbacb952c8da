"""Settings of every test: one thread of linear algebra, as in every worker."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Examples are looked for in every file that is collected; these hold none.
collect_ignore = ["fuzz", "helpers", "typed_script.py"]

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
settings.register_profile("any machine", deadline=None)  # no test is timed
settings.load_profile("any machine")
gc.set_threshold(50_000, 20, 100)  # as the command line has it: less time for garbage


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield
