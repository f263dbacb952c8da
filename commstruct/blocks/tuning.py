"""Tuning of neurons and modules to classes of stimuli."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from commstruct.checks import check_counts
from commstruct.labels import Labels, as_labels
from commstruct.result import Result
from commstruct.statistics import CONSTANT, p_value, p_values
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Spread of a rate, relative to its size, that is only rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class ModuleTuning(Result):
    """Responses of neurons and modules to classes of stimuli.

    Attributes
    ----------
    selectivity : (n,) array
        Share of the variance of each neuron's rate, over samples, that lies between
        classes (eta squared); 0 for a neuron whose rate never changes.
    preferred : (n,) array of int
        Class to which the neuron's mean rate is highest.
    tuning : (k, n_classes) array
        Mean response of each module to each class: rates standardised per neuron over
        samples, averaged over its neurons and the samples of the class.
    shared : (k,) array
        Mean square over classes of `tuning`: large where the neurons of a module
        respond alike, near 0 where their responses cancel.
    shared_p : (k,) array
        p-value of `shared`: share of random groups of as many neurons whose responses
        are at least as similar, the module itself included.
    whole, whole_p : float
        Mean of `shared`, weighted by the neurons of each module, and its p-value over
        the same random groups.
    n_permutations, seed : int

    See Also
    --------
    module_tuning : Measures it.
    matched_tuning : Compares the tuning of two networks.

    Examples
    --------
    A neuron that responds to one class only, and one that responds to both alike:

    >>> import commstruct as cs
    >>> rates = [[1, 1], [1, 2], [0, 1], [0, 2]]
    >>> tuning = cs.module_tuning(rates, [0, 0, 1, 1], [0, 1], n_permutations=9)
    >>> tuning.selectivity.round(6)
    array([1., 0.])
    """

    selectivity: FloatVector
    preferred: IntVector
    tuning: FloatMatrix
    shared: FloatVector
    shared_p: FloatVector
    whole: float
    whole_p: float
    n_permutations: int
    seed: int

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per module: `shared`, its p-value, and the mean responses."""
        table = pd.DataFrame({"shared": self.shared, "p_value": self.shared_p})
        for c, responses in enumerate(self.tuning.T):
            table[f"class_{c}"] = responses
        return table.rename_axis("module").reset_index()


def module_tuning(
    rates: ArrayLike,
    classes: ArrayLike,
    labels: Labels,
    *,
    seed: int = 0,
    n_permutations: int = 999,
) -> ModuleTuning:
    """Measure whether the neurons of a module respond to the same classes.

    The null hypothesis is tested by exchanging neurons between modules, which is valid
    as the modules were found in the weights and not in the rates that are tested.

    Parameters
    ----------
    rates : (samples, n) array
        Rates of the neurons that have modules.
    classes : (samples,) array of int
        Class of each sample, from 0.
    labels : module of each neuron, in any form that `as_labels` takes
    seed : int, default 0
    n_permutations : int, at least 1

    Returns
    -------
    ModuleTuning

    Raises
    ------
    ValueError
        If shapes do not fit, a rate is not finite, or there are fewer than two classes.

    See Also
    --------
    matched_tuning : Compares the tuning of two networks.
    find_modules : Finds modules.

    Examples
    --------
    Two neurons that respond to class 0, and two that respond to class 1:

    >>> import commstruct as cs
    >>> rates = [[1, 2, 0, 0], [1, 2, 0, 0], [0, 0, 3, 1], [0, 0, 3, 1]]
    >>> tuning = cs.module_tuning(rates, [0, 0, 1, 1], [0, 0, 1, 1], n_permutations=99)
    >>> tuning.preferred
    array([0, 0, 1, 1])
    >>> tuning.tuning.round(2)
    array([[ 1., -1.],
           [-1.,  1.]])
    >>> round(tuning.whole, 6)
    1.0
    """
    values, class_of = np.asarray(rates, dtype=np.float64), np.asarray(classes)
    if values.ndim != 2 or class_of.shape != values.shape[:1]:
        raise ValueError(
            "rates must be (samples, neurons) and classes one per sample, "
            f"got shapes {values.shape} and {class_of.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("rates must be finite, got NaN or infinity")
    modules = as_labels(labels, values.shape[1])
    names, class_of = np.unique(class_of, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"classes must be at least 2, got {len(names)}")
    check_counts(n_permutations=n_permutations)

    counts = np.bincount(class_of)
    values = values / (np.abs(values).max(initial=0.0) or 1.0)  # in any unit
    means = np.array([values[class_of == c].mean(axis=0) for c in range(len(names))])
    centre, spread = values.mean(axis=0), values.std(axis=0)
    varies = spread > CONSTANT * np.abs(values).max(axis=0, initial=0.0)
    scaled = np.where(varies, (means - centre) / np.where(varies, spread, 1), 0.0)
    selectivity = (counts / counts.sum()) @ scaled**2

    k = int(modules.max()) + 1
    sizes = np.bincount(modules, minlength=k)
    rng = np.random.default_rng(seed)

    def shared_by(grouping: IntVector) -> tuple[FloatMatrix, FloatVector]:
        members = np.eye(k)[grouping] / sizes
        tuning = (scaled @ members).T
        return tuning, np.asarray((tuning**2).mean(axis=1))

    tuning, shared = shared_by(modules)
    random = np.array(
        [shared_by(rng.permutation(modules))[1] for _ in range(n_permutations)]
    )
    whole, others = shared @ sizes / len(modules), random @ sizes / len(modules)
    return ModuleTuning(
        selectivity=selectivity,
        preferred=means.argmax(axis=0),
        tuning=tuning,
        shared=shared,
        shared_p=p_values(shared, random, scale=1.0),
        whole=float(whole),
        whole_p=p_value(float(whole), others, scale=1.0),
        n_permutations=n_permutations,
        seed=seed,
    )


def matched_tuning(first: ArrayLike, second: ArrayLike) -> float:
    """Similarity of the tuning of the modules of two networks.

    Modules are paired one to one so that the sum of the correlations of their tuning
    is largest (Hungarian assignment); the mean correlation of the pairs is returned.

    Parameters
    ----------
    first, second : (k, n_classes) and (l, n_classes) arrays
        As `ModuleTuning.tuning`.

    Returns
    -------
    float
        From -1 to 1; NaN if one of them has no module that is tuned at all.

    Raises
    ------
    ValueError
        If the numbers of classes differ.

    See Also
    --------
    module_tuning : Measures the tuning of the modules of one network.

    Examples
    --------
    The same two modules in another order:

    >>> import commstruct as cs
    >>> first = [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    >>> second = [[0.0, 2.0, 2.0], [3.0, 0.0, 0.0]]
    >>> round(cs.matched_tuning(first, second), 6)
    1.0
    """
    one, other = (_standard_rows(np.asarray(x, dtype=float)) for x in (first, second))
    if one.shape[1] != other.shape[1]:
        raise ValueError(
            f"both must have as many classes, got {one.shape[1]} and {other.shape[1]}"
        )
    if not len(one) or not len(other):
        return float("nan")
    correlations = one @ other.T
    return float(correlations[linear_sum_assignment(-correlations)].mean())


def _standard_rows(tuning: FloatMatrix) -> FloatMatrix:
    """Rows of mean 0 and length 1, without those that do not differ between classes."""
    centred = tuning - tuning.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    kept = length > CONSTANT
    return np.asarray(centred[kept] / length[kept, None])
