"""Checks of untrusted files: sizes, compression and XML, before they are parsed."""

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

# Two orders of magnitude above the adult fly brain (139,255 neurons,
# doi:10.1038/s41586-024-07558-y): a file that states more is taken to be damaged or
# hostile, whatever the memory of the machine.
MAX_NEURONS = 20_000_000
# Estimates of the memory that reading takes, on the generous side, so that a file is
# refused before memory runs out.
BYTES_PER_NEURON = 200  # name, row of attributes, row pointer
BYTES_PER_EDGE = 64  # two ends and a weight of 8 bytes, twice while they are sorted
# Used where the operating system does not state its memory (Windows). Chosen, not
# measured: half of a machine with 8 GB.
FALLBACK_MEMORY = 4 * 2**30


def default_memory() -> int:
    """Bytes that reading may take by default: half of this machine's memory.

    The other half is for the analysis, which copies the weights.
    """
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return FALLBACK_MEMORY
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
    """Refuse more neurons or edges than fit into the memory allowed."""
    needed = BYTES_PER_NEURON * n_neurons + BYTES_PER_EDGE * n_edges
    check_memory(path, n_neurons, needed, max_memory)


def check_memory(path: Path, n_neurons: int, needed: int, max_memory: int) -> None:
    """Refuse sizes stated in a file before any memory is allocated for them."""
    if n_neurons < 1:
        raise ValueError(f"{path.name}: must hold at least one neuron, got {n_neurons}")
    if n_neurons > MAX_NEURONS or needed > max_memory:
        raise ValueError(
            f"{path.name}: states {n_neurons} neurons, which need {needed:.3g} bytes; "
            f"the limits are {MAX_NEURONS} neurons and {max_memory:.3g} bytes "
            "(raise max_memory, --max-memory, to read it)"
        )


class _BoundedStream(io.RawIOBase):
    """Decompressed bytes of a file; more than the limit are refused."""

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
                f"{self._path.name}: is damaged or truncated gzip: {error}"
            ) from error
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(
                f"{self._path.name}: unpacks to more than the limit of "
                f"{self._limit} bytes"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextmanager
def open_bytes(path: Path, max_memory: int) -> Iterator[BinaryIO]:
    """Open a file, decompressing gzip up to the limit and no further."""
    with path.open("rb") as raw:
        if raw.read(2) != b"\x1f\x8b":
            size = path.stat().st_size
            if size > max_memory:
                raise ValueError(
                    f"{path.name}: is {size} bytes, more than the limit of {max_memory}"
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
    """Read a whole file of text, decompressed.

    At most a quarter of the memory allowed, since the text, its parsed form and the
    weights are in memory at the same time.
    """
    with open_bytes(path, max_memory // 4) as stream:
        return stream.read()


def check_xml(path: Path, text: bytes) -> None:
    """Refuse XML that is malformed, declares entities or refers to other files."""
    try:
        defusedxml.sax.parseString(
            text, ContentHandler(), forbid_dtd=False, forbid_entities=True
        )
    except defusedxml.DefusedXmlException as error:
        raise ValueError(
            f"{path.name}: XML must not have entities or references to other files "
            f"({type(error).__name__})"
        ) from error
    except SAXParseException as error:
        raise ValueError(
            f"{path.name}: is not well-formed XML, line {error.getLineNumber()}: "
            f"{error.getMessage()}"
        ) from error
    except (LookupError, ValueError) as error:  # an unknown encoding
        raise ValueError(f"{path.name}: cannot be read as XML: {error}") from error


@contextmanager
def library_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn any error of a library into a ValueError that names the file.

    Warnings of the library are suppressed: they concern its internals, not the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except OSError as error:
        if error.errno not in {
            None,
            errno.EINVAL,
        }:  # from the file system: the file is not at fault
            raise
        raise ValueError(f"{path.name}: cannot be read as {kind}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path.name}: cannot be read as {kind}: {reason[:300]}"
        ) from error
