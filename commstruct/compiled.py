"""How loops are compiled: once per machine, and kept beside the code or in a cache."""

from typing import Any

from numba import njit

compiled: Any = njit(cache=True)
"""Decorator of functions of arrays and numbers."""
