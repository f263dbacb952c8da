"""Fixtures of the tests of null networks."""

import pytest


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    """The loops that large networks have too, on small ones."""
    if request.param == "large":
        for module in ("rewiring", "reciprocity", "fitting"):
            monkeypatch.setattr(f"commstruct.nulls.{module}.COMPILED_EDGES", 1)
        for module in ("rewiring", "reciprocity"):
            monkeypatch.setattr(f"commstruct.nulls.{module}.DENSE_SHARE", 0.35)
