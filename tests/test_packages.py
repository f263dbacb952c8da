"""What the packages offer by name."""

import subprocess
import sys
from types import ModuleType

import pytest

import commstruct
import sims
import sims.sweep  # imports files, one of which has the name of a public function

PUBLIC = [(package, name) for package in (commstruct, sims) for name in package.__all__]


@pytest.mark.parametrize("package", [sims, commstruct])
def test_every_public_name_is_there_and_is_no_file(package):
    for name in package.__all__:
        assert not isinstance(getattr(package, name), ModuleType), name
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="trian"):
        package.trian  # noqa: B018


def test_train_is_the_function_however_it_is_imported() -> None:
    code = (
        "import sims.train as one; import sims.stages; import sims; "
        "from sims.train import train; "
        "assert one is sims.train is train; assert callable(one); "
        "assert callable(sims.train_in_stages)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("package", "name"), PUBLIC, ids=[f"{p.__name__}.{n}" for p, n in PUBLIC]
)
def test_every_public_function_and_class_has_examples_and_points_to_others(
    package, name
):
    """The examples themselves are run with the other tests."""
    value = getattr(package, name)
    if callable(value) and value.__module__.startswith(("commstruct", "sims")):
        assert ">>> " in (value.__doc__ or ""), "has no example"
        assert "See Also\n" in value.__doc__, "has no See Also"


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
