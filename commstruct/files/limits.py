"""Files from strangers are data: sizes, compression and XML checked first."""

import errno
import gzip
import io
import os
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml
import defusedxml.sax

MAX_NEURONS = 20_000_000
BYTES_PER_NEURON = 200  # its name, its row in the attributes, its row pointer
BYTES_PER_EDGE = 64  # two ends and a weight, held twice while they are sorted


def default_memory() -> int:
    """Half of this machine's memory in bytes: what reading may take at most."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 4 * 2**30
    return pages * size // 2


def check_dense(path: Path, shape: tuple[int, ...], max_memory: int) -> int:
    """Number of neurons of a dense matrix, refused if not square or too large."""
    n = check_square(path, shape)
    check_memory(path, n, 8 * n * n, max_memory)
    return n


def check_square(path: Path, shape: tuple[int, ...]) -> int:
    """Number of neurons of a matrix, refused if not square."""
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(
            f"{path.name}: weights must be square (n, n), got shape {shape}"
        )
    return shape[0]


def check_sparse(path: Path, n_neurons: int, n_edges: int, max_memory: int) -> None:
    """Refuse more neurons or edges than the memory that may be taken holds."""
    needed = BYTES_PER_NEURON * n_neurons + BYTES_PER_EDGE * n_edges
    check_memory(path, n_neurons, needed, max_memory)


def check_memory(path: Path, n_neurons: int, needed: int, max_memory: int) -> None:
    """Refuse what a file promises before any memory is taken for it."""
    if n_neurons < 1:
        raise ValueError(f"{path.name}: must hold at least one neuron, got {n_neurons}")
    if n_neurons > MAX_NEURONS or needed > max_memory:
        raise ValueError(
            f"{path.name}: promises {n_neurons} neurons, which need {needed:.3g} "
            f"bytes; at most {MAX_NEURONS} neurons and {max_memory:.3g} bytes are read "
            "(raise max_memory, --max-memory, if that is meant)"
        )


class _BoundedStream(io.RawIOBase):
    """Bytes of a compressed file, refused once there are more than the limit."""

    def __init__(self, stream: BinaryIO, path: Path, limit: int) -> None:
        self._stream, self._path, self._left = stream, path, limit
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(min(len(buffer), self._left + 1))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{self._path.name}: is not whole gzip: {error}"
            ) from error
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(
                f"{self._path.name}: unpacks to more than {self._limit} bytes, the "
                "most that is read"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextmanager
def open_bytes(path: Path, max_memory: int) -> Iterator[BinaryIO]:
    """Open a file, unpacking ``.gz`` up to the limit and no further."""
    with path.open("rb") as raw:
        if raw.read(2) != b"\x1f\x8b":
            size = path.stat().st_size
            if size > max_memory:
                raise ValueError(
                    f"{path.name}: is {size} bytes, more than the {max_memory} that "
                    "may be taken"
                )
            raw.seek(0)
            yield raw
            return
        raw.seek(0)
        unpacked = gzip.GzipFile(fileobj=raw, mode="rb")
        with io.BufferedReader(
            _BoundedStream(unpacked, path, max_memory),  # type: ignore[arg-type]
            buffer_size=2**20,
        ) as stream:
            yield stream


def read_bytes(path: Path, max_memory: int) -> bytes:
    """Read a whole file, unpacked; at most a quarter of the memory, as it is text."""
    with open_bytes(path, max_memory // 4) as stream:
        return stream.read()


def check_xml(path: Path, text: bytes) -> None:
    """Refuse XML that is broken, declares entities or refers to other files."""
    try:
        defusedxml.sax.parseString(
            text, ContentHandler(), forbid_dtd=False, forbid_entities=True
        )
    except defusedxml.DefusedXmlException as error:
        raise ValueError(
            f"{path.name}: XML with entities or references to other files is not read"
            f" ({type(error).__name__})"
        ) from error
    except SAXParseException as error:
        raise ValueError(
            f"{path.name}: is not well-formed XML, line {error.getLineNumber()}: "
            f"{error.getMessage()}"
        ) from error
    except (LookupError, ValueError) as error:  # an encoding that does not exist
        raise ValueError(f"{path.name}: cannot be read as XML: {error}") from error


@contextmanager
def library_errors(path: Path, kind: str) -> Iterator[None]:
    """Say in one message which file a library could not read, and why.

    What a library would only warn of is of no use to who reads the file: silent.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except OSError as error:
        if error.errno not in {None, errno.EINVAL}:  # the file system's, not ours
            raise
        raise ValueError(f"{path.name}: cannot be read as {kind}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path.name}: cannot be read as {kind}: {reason[:300]}"
        ) from error
