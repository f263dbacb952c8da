"""Matrix Market files: what scipy writes is read, and damaged ones are refused."""

import gzip

import numpy as np
import pytest
from scipy import io, sparse

from commstruct.files.options import ReadingOptions
from commstruct.files.reading import read_connectome, read_connectome_with_report

W = np.array([[0, 2.5, 0], [-1, 0, 4], [0, 0, 7]])
HEAD = "%%MatrixMarket matrix coordinate"


@pytest.mark.parametrize("form", [np.asarray, sparse.coo_array, sparse.csc_array])
@pytest.mark.parametrize("matrix", [W, W + W.T, (W > 0).astype(np.int64)])
def test_what_scipy_writes_is_read(form, matrix, tmp_path):
    path = tmp_path / "w.mtx"
    io.mmwrite(path, form(matrix))
    network = read_connectome(path)
    np.testing.assert_array_equal(network.to_scipy().toarray(), matrix)
    assert network.is_sparse == (form is not np.asarray)
    packed = tmp_path / "w.mtx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_connectome(packed).to_scipy().toarray(), matrix)


def test_a_symmetric_pattern_is_read_whole(tmp_path):
    path = tmp_path / "w.mtx"
    path.write_text(f"{HEAD} pattern symmetric\n% x\n3 3 2\n2 1\n3 3\n")
    network, report = read_connectome_with_report(path)
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(network.to_scipy().toarray(), expected)
    assert "every entry weighs 1" in str(report)


def test_repeated_entries_are_summed(tmp_path):
    path = tmp_path / "w.mtx"
    path.write_text(f"{HEAD} integer general\n2 2 3\n1 2 4\n1 2 5\n2 1 1\n")
    assert read_connectome(path).to_scipy().toarray().tolist() == [[0, 9], [1, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD} real general\n2 3 1\n1 2 4\n", "weights must be square"),
        (f"{HEAD} complex general\n2 2 1\n1 2 4 1\n", "real numbers, got complex"),
        (f"{HEAD} real general\n2 2 1\n1 3 4\n", "cannot be read as Matrix Market"),
        (f"{HEAD} real general\n2 2 1\n0 1 4\n", "cannot be read as Matrix Market"),
        (f"{HEAD} real general\n2 2 2\n1 2 4\n", "cannot be read as Matrix Market"),
        (f"{HEAD} real general\n2 2 1\n1 2 x\n", "cannot be read as Matrix Market"),
        (f"{HEAD} real general\n2 2 1\n1 2 nan\n", "must be finite"),
        (f"{HEAD} real general\n9999999 9999999 999999999999\n", "states 9999999"),
        ("%%MatrixMarket matrix array real general\n99999 99999\n", "states 99999"),
        ("1 2 3\n", "cannot be read as Matrix Market"),
        ("", "cannot be read as Matrix Market"),
    ],
)
def test_other_files_are_refused(text, message, tmp_path):
    path = tmp_path / "w.mtx"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_connectome(path, max_memory=2**24)
    assert str(caught.value).startswith("w.mtx: ")
    assert ReadingOptions().max_memory > 2**24
