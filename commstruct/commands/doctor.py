"""`commstruct doctor`: what is installed, and what this machine has."""

import json
from importlib.metadata import PackageNotFoundError, requires, version

from commstruct.commands.command import command
from commstruct.commands.options import AsJson

# What each optional library is for, by the name of its extra.
EXTRAS = {
    "arrow": "reads and writes .parquet and .feather",
    "matlab": "reads MATLAB files of version 7.3",
    "neuro": "reads CIFTI and GIFTI",
    "cluster": "sweeps on a Dask cluster (--dask)",
    "torch": "networks as torch tensors",
}


@command
def doctor(as_json: AsJson = False) -> None:
    """Show versions, optional readers, fonts and workers, for a report of a fault."""
    from commstruct.analysis import versions
    from commstruct.provenance import describe_machine

    found = {
        "versions": versions(),
        "extras": {name: _extra(name) for name in EXTRAS},
        "fonts": _fonts(),
        "workers": _workers(),
        "machine": {k: v for k, v in describe_machine().items() if k != "host"},
    }
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for title, rows in found.items():
        print(title)
        for name, value in rows.items():
            print(f"  {name:18} {value}")


def _extra(extra: str) -> str:
    """Versions of the libraries of an extra, or how to install it."""
    marker = f'extra == "{extra}"'
    names = [
        line.partition(";")[0].split(">")[0].split("=")[0].strip()
        for line in requires("commstruct") or ()
        if marker in line.replace("'", '"')
    ]
    installed = []
    for name in names:
        try:
            installed.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return f"not installed: {EXTRAS[extra]}; pip install 'commstruct[{extra}]'"
    return f"{', '.join(installed)}: {EXTRAS[extra]}"


def _fonts() -> dict[str, str]:
    """Whether the fonts of figures and of pages are found."""
    from matplotlib.font_manager import findfont

    from commstruct.report.text import FONTS

    figures = findfont("DejaVu Sans")
    n_files = len(list(FONTS.glob("*.[to]tf")))
    return {
        "figures": "DejaVu Sans" if "DejaVuSans" in figures else f"instead: {figures}",
        "pages": f"{n_files} files, and those that typst brings",
    }


def _workers() -> dict[str, str]:
    from commstruct.commands.session import count_cores

    return {"cores": f"{count_cores()} that this process may use: --workers"}
