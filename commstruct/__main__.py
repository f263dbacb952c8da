"""Start the command line: `commstruct`, or `python -m commstruct`."""

import gc
import os
import sys

# Nothing else is imported before `leave_out_current_folder` has been called.


def main() -> None:
    """Run the command line."""
    # Worker processes are started by `python -m`, which would put the current folder
    # first on their path as well.
    os.environ["PYTHONSAFEPATH"] = "1"
    # By default, a tenth of the time of a report goes into looking for garbage among
    # the objects that figures and libraries keep.
    gc.set_threshold(50_000, 20, 100)
    from commstruct.commands.app import app
    from commstruct.progress import show_progress

    show_progress(False)  # commands have their own, which --quiet turns off
    app()


def leave_out_current_folder() -> None:
    """Take the folder that `python -m` put first off the import path.

    Else a file of the user's such as ``sims.py``, ``random.py`` or ``statistics.py``
    would be imported in place of the module that we, or a library, mean. The folder
    stays if it is the one that holds this package, as in a checkout.
    """
    # Not by pathlib, whose own imports a file of the user's could replace.
    package_folder = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    if not sys.flags.safe_path and sys.path[0] not in ("", package_folder):
        del sys.path[0]


if __name__ == "__main__":
    leave_out_current_folder()
    main()
