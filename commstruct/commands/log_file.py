"""The log file that a command leaves beside its results."""

import logging
from logging.handlers import MemoryHandler
from pathlib import Path


class LogFile:
    """Collects the messages of a command, and writes them once a file is opened.

    Nothing is written before the input has proved usable, so that a refused command
    leaves no folder behind.
    """

    def __init__(self) -> None:
        # Of no capacity: it keeps messages while there is no file, and then writes
        # each of them at once.
        self._memory = MemoryHandler(capacity=0)
        self._memory.setLevel(logging.INFO)

    def __enter__(self) -> "LogFile":
        logging.getLogger().addHandler(self._memory)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._memory)
        if isinstance(self._memory.target, logging.Handler):
            self._memory.target.close()
        self._memory.close()
        self._memory.buffer.clear()  # of a refused command, that opened no file

    def open(self, file: Path) -> None:
        """Write all messages to a file, earlier ones included; its folder is made.

        Only the first file that is opened counts.
        """
        if self._memory.target is not None:
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            target = logging.FileHandler(file, encoding="utf-8")
        except OSError:  # the work itself will report what is wrong with the folder
            return
        target.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        self._memory.setTarget(target)
