"""What the packages offer by name."""

import subprocess
import sys
from types import ModuleType

import pytest

import commstruct
import sims
import sims.sweep  # enters rooms of which one is called as a public function is


@pytest.mark.parametrize("package", [sims, commstruct])
def test_every_public_name_is_there_and_is_no_room(package):
    for name in package.__all__:
        assert not isinstance(getattr(package, name), ModuleType), name
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=r"has no attribute 'trian'"):
        package.trian  # noqa: B018


@pytest.mark.parametrize(
    "name", ["plot_matrix", "plot_comparison", "plot_learning_rates", "module_order"]
)
def test_a_figure_needs_neither_the_pages_nor_the_stores(name: str) -> None:
    heavy = "{'typst', 'jinja2', 'zarr'} & set(sys.modules)"
    code = f"import sys; from commstruct import {name}; print({heavy} or 'none')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "none"
