"""What the packages offer by name."""

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
