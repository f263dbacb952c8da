"""Designs of group comparisons: a formula over a table of participants, and a test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

INTERCEPT = "Intercept"
# Relative size below which a singular value is 0, and a column constant.
TOLERANCE = 1e-9
# Fewest degrees of freedom from which the spread of one group is estimated by itself.
FEWEST_FREEDOM = 0.99

Exchange = Literal["between", "within", "signs"]


@dataclass(frozen=True, eq=False)
class Design:
    """A linear model of individuals, and the contrast of it that is tested.

    Attributes
    ----------
    formula, term : str
        The model, and what is tested of it.
    model : (m, p) array
        Columns of the linear model, one row per unit that is exchanged.
    contrast : (s, p) array
        The null hypothesis is ``contrast @ coefficients == 0``.
    cells : (m,) array of int
        Group of each unit with a spread of its own, ``0 .. k - 1``; all 0 if one
        spread is estimated, ``0 .. m - 1`` if each unit has its own.
    levels : tuple of str
        Names of the groups that the tested term distinguishes; empty if it is a
        continuous variable.
    level_of : (n,) array of int
        Group of each network; empty without `levels`.
    exchange : {"between", "within", "signs"}
        What the null hypothesis leaves unchanged: exchanging units, exchanging the
        networks of each subject, or turning the sign of residuals.
    blocks : (m,) array of int
        Subject of each unit, within which units are exchanged; all 0 otherwise.
    average : (m, n) array
        ``average @ values`` are the values of the units from those of the networks.
    is_main_effect : bool
        Whether all differences between `levels`, and nothing else, are tested.
    variables : tuple of str
        Columns of the table of participants that the formula uses.
    n_absorbed : int
        Degrees of freedom taken by the means of subjects.
    notes : tuple of str
        What the reader of a result should know of the design.
    """

    formula: str
    term: str
    model: FloatMatrix
    contrast: FloatMatrix
    cells: IntVector
    levels: tuple[str, ...]
    level_of: IntVector
    exchange: Exchange
    blocks: IntVector
    average: FloatMatrix
    is_main_effect: bool = False
    variables: tuple[str, ...] = ()
    n_absorbed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def n_units(self) -> int:
        """Number of units that are exchanged: networks, or subjects."""
        return len(self.model)

    @property
    def rank(self) -> int:
        """Number of independent coefficients that are tested together."""
        return len(self.contrast)

    @property
    def has_own_spreads(self) -> bool:
        """Whether each unit has a spread of its own."""
        return len(np.unique(self.cells)) == self.n_units

    @property
    def spread(self) -> Literal["groups", "unit", "one"]:
        """Of what a spread is estimated."""
        if self.has_own_spreads:
            return "unit"
        return "groups" if len(np.unique(self.cells)) > 1 else "one"

    @property
    def is_plain(self) -> bool:
        """Whether the model is nothing but the groups that are tested."""
        nuisance = self.model @ null_space(self.contrast)
        return (
            self.exchange == "between"
            and bool(self.levels)
            and np.linalg.matrix_rank(np.c_[nuisance, np.ones(self.n_units)]) == 1
        )

    def residual_freedom(self) -> int:
        """Degrees of freedom that the model leaves."""
        rank = int(np.linalg.matrix_rank(self.model, tol=_tolerance(self.model)))
        return self.n_units - rank - self.n_absorbed


def design_of(
    participants: pd.DataFrame,
    formula: str,
    *,
    test: str | None = None,
    subject: str | None = None,
) -> Design:
    """Make the design of a formula over a table of participants.

    Parameters
    ----------
    participants : DataFrame
        One row per network, in their order.
    formula : str
        Wilkinson's notation, such as ``"group + age"``, read by formulaic; an
        intercept is included.
    test : str, optional
        Term of the formula that is tested (``"group"``, ``"group:age"``,
        ``"Intercept"``), or a contrast of columns of the model
        (``"group[T.b] - group[T.c]"``). Default: the first term.
    subject : str, optional
        Column that says which networks are of the same individual.

    Returns
    -------
    Design
        With `subject`, a term that differs within subjects is tested within them; one
        that does not is tested on the mean of each subject.

    Raises
    ------
    ValueError
        If a column is unknown or has missing values, if the term is unknown or cannot
        be told apart from the others, or if too few individuals are left.

    See Also
    --------
    commstruct.compare_groups : Tests a design on connectomes.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.compare.designs import design_of
    >>> table = pd.DataFrame({"group": list("aabbb"), "age": [20, 31, 25, 28, 37]})
    >>> design = design_of(table, "group + age")
    >>> design.term, design.levels, design.model.shape, design.contrast.tolist()
    ('group', ('a', 'b'), (5, 3), [[0.0, 1.0, 0.0]])
    """
    table = participants.reset_index(drop=True)
    if subject is None:
        _refuse_repeated(table)
    else:
        _require(table, [subject], "subject")
    matrix = _model_matrix(table, formula)
    _check_columns(matrix, formula)
    term, contrast, used = _contrast(matrix, test)
    levels, level_of = _levels(table, used, term)
    design = Design(
        formula=formula,
        term=term,
        model=np.asarray(matrix, dtype=np.float64),
        contrast=contrast,
        cells=level_of if levels else np.arange(len(table)),
        levels=levels,
        level_of=level_of,
        exchange="signs" if term == INTERCEPT else "between",
        blocks=np.zeros(len(table), dtype=np.int64),
        average=np.eye(len(table)),
        is_main_effect=(
            len(levels) > 1
            and len(contrast) == len(levels) - 1
            and [len(one.factors) for one in used] == [1]
        ),
        variables=tuple(sorted(map(str, matrix.model_spec.required_variables))),
        notes=_notes_on_terms(matrix, used),
    )
    if subject is not None:
        design = _with_subjects(design, table[subject].astype(str))
    return _checked(design)


def design_of_groups(groups: Sequence[str]) -> Design:
    """Make the design that compares groups and nothing else.

    Parameters
    ----------
    groups : sequence of str
        Group of each network; differences are from the first one that occurs.
    """
    levels = list(dict.fromkeys(groups))
    column = pd.Categorical(list(groups), categories=levels)
    return design_of(pd.DataFrame({"group": column}), "group")


def null_space(contrast: FloatMatrix) -> FloatMatrix:
    """Orthonormal columns of coefficients for which the null hypothesis holds."""
    _, sizes, rows = np.linalg.svd(contrast)
    rank = int((sizes > TOLERANCE * max(sizes.max(initial=0.0), 1.0)).sum())
    return np.asarray(rows[rank:].T)


def _model_matrix(table: pd.DataFrame, formula: str) -> Any:
    """The columns of a formula, after what it uses was found complete."""
    # Imported here, so that comparisons without a formula do not wait for it.
    from formulaic import Formula, model_matrix
    from formulaic.errors import FormulaicError

    if "~" in formula:
        raise ValueError(
            "formula must be the right side only, such as 'group + age', as every "
            f"score, block and edge is tested; got {formula!r}"
        )
    try:
        parsed = Formula(formula)
        _require(table, sorted(map(str, parsed.required_variables)), "formula")
        # An empty context: the formula sees the table and nothing of the program.
        return model_matrix(parsed, table, na_action="raise", context={})
    except (FormulaicError, SyntaxError, TypeError, NameError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            "formula must be of terms such as 'group + age + group:age', got "
            f"{formula!r}: {reason}"
        ) from None


def _check_columns(matrix: Any, formula: str) -> None:
    """Refuse a model without intercept, and columns that are not numbers."""
    slices = matrix.model_spec.term_slices
    if "1" not in map(str, slices):
        raise ValueError(
            f"formula must have an intercept, got {formula!r}: leave out '0' and '-1'"
        )
    empty = [str(term) for term, own in slices.items() if own.start == own.stop]
    if empty:
        raise ValueError(
            f"formula must use columns with more than one value, got {empty[0]!r} with "
            "the same for all"
        )
    if not np.isfinite(np.asarray(matrix, dtype=np.float64)).all():
        raise ValueError(
            f"formula must give finite numbers, got {formula!r} with NaN or infinite "
            "ones for some participants"
        )


def _require(table: pd.DataFrame, columns: Sequence[str], argument: str) -> None:
    """Refuse columns that do not exist or have gaps, with the rows concerned."""
    for column in columns:
        if column not in table:
            known = ", ".join(map(str, table.columns)) or "no columns"
            raise ValueError(
                f"{argument} must use columns of participants ({known}), got {column!r}"
            )
        values = table[column]
        gaps = values.isna() | values.astype(str).str.strip().str.lower().isin(
            ["", "n/a", "nan"]
        )
        if pd.api.types.is_numeric_dtype(values):
            gaps |= ~np.isfinite(values.to_numpy(dtype=np.float64, na_value=np.nan))
        if gaps.any():
            names = _row_names(table)[gaps.to_numpy()]
            raise ValueError(
                f"participants must have a value of {column!r} for every network, got "
                f"none for {', '.join(names[:5])}{', ...' * (len(names) > 5)}: leave "
                "these networks out"
            )


def _row_names(table: pd.DataFrame) -> Any:
    """What to call the rows of a table in a message."""
    if "participant_id" in table:
        return table["participant_id"].astype(str).to_numpy()
    return np.array([f"network {i + 1}" for i in range(len(table))], dtype=object)


def _refuse_repeated(table: pd.DataFrame) -> None:
    if "participant_id" not in table:
        return
    repeated = table["participant_id"][table["participant_id"].duplicated()]
    if len(repeated):
        raise ValueError(
            "participants must each occur once unless subject is given, got "
            f"{repeated.iloc[0]!r} more than once: networks of one individual are not "
            "independent; name the column of individuals, subject='participant_id'"
        )


def _contrast(matrix: Any, test: str | None) -> tuple[str, FloatMatrix, list[Any]]:
    """Name, rows and terms of what is tested."""
    slices = matrix.model_spec.term_slices
    names = {str(term): term for term in slices}
    names = {INTERCEPT if name == "1" else name: term for name, term in names.items()}
    if test is None:
        first = next((name for name in names if name != INTERCEPT), INTERCEPT)
        return first, np.eye(matrix.shape[1])[slices[names[first]]], [names[first]]
    wanted = INTERCEPT if test in ("1", INTERCEPT) else test.strip().replace("`", "")
    parts = sorted(part.strip() for part in wanted.split(":"))
    for name, term in names.items():
        if sorted(name.replace("`", "").split(":")) == parts:
            return name, np.eye(matrix.shape[1])[slices[term]], [term]
    known = ", ".join(names)
    columns = ", ".join(map(str, matrix.columns))
    try:
        constraints = matrix.model_spec.get_linear_constraints(wanted)
    except Exception as error:
        raise ValueError(
            f"test must be a term of the formula ({known}) or a contrast of its "
            f"columns ({columns}), got {test!r}"
        ) from error
    rows = np.asarray(constraints.constraint_matrix, dtype=np.float64)
    if np.any(np.asarray(constraints.constraint_values) != 0) or not rows.any():
        raise ValueError(f"test must be a contrast that is 0 by chance, got {test!r}")
    used = [
        term
        for term, columns_of in slices.items()
        if np.any(rows[:, columns_of] != 0) and str(term) != "1"
    ]
    return wanted, rows, used


def _levels(
    table: pd.DataFrame, used: list[Any], term: str
) -> tuple[tuple[str, ...], IntVector]:
    """Groups that the tested terms distinguish, and the group of each network."""
    columns = [
        variable
        for one in used
        for factor in one.factors
        for variable in table.columns
        if factor.expr in (variable, f"C({variable})")
        and _is_categorical(table[variable], factor.expr)
    ]
    columns = list(dict.fromkeys(columns))
    if not columns:
        everyone = np.zeros(len(table), dtype=np.int64)
        return (("all",), everyone) if term == INTERCEPT else ((), everyone[:0])
    frame = table[columns]
    labels = frame.astype(str).agg(" ".join, axis=1)
    if len(columns) == 1 and isinstance(frame[columns[0]].dtype, pd.CategoricalDtype):
        occurring = set(labels)
        categories = map(str, frame[columns[0]].cat.categories)
        levels = [name for name in categories if name in occurring]
    else:
        levels = list(dict.fromkeys(labels[frame.apply(tuple, axis=1).argsort()]))
    index = {level: i for i, level in enumerate(levels)}
    return tuple(levels), labels.map(index).to_numpy(dtype=np.int64)


def _is_categorical(values: "pd.Series[Any]", expression: str) -> bool:
    """Whether a variable makes groups; a number does if it has two values."""
    if expression.startswith("C(") or values.nunique() == 2:
        return True
    return not pd.api.types.is_numeric_dtype(values)


def _notes_on_terms(matrix: Any, used: list[Any]) -> tuple[str, ...]:
    """Say that a main effect beside its interaction is that at the reference."""
    tested = {frozenset(f.expr for f in term.factors) for term in used}
    larger = [
        str(term)
        for term in matrix.model_spec.term_slices
        for one in tested
        if one and one < {f.expr for f in term.factors}
    ]
    if not larger:
        return ()
    return (
        f"The model has the interaction {larger[0]}: the tested effect is that at the "
        "reference group, or where the other variable is 0.",
    )


def _with_subjects(design: Design, subject: "pd.Series[Any]") -> Design:
    """Test within subjects what differs within them, else their means."""
    codes, names = pd.factorize(subject)
    blocks = np.asarray(codes, dtype=np.int64)
    members = np.eye(len(names))[blocks]
    average = members.T / members.sum(axis=0)[:, None]
    centred = design.model - members @ (average @ design.model)
    varies = np.abs(centred @ np.linalg.pinv(design.contrast)).max() > TOLERANCE * max(
        float(np.abs(design.model).max()), 1.0
    )
    if not varies:
        return _averaged(design, average, blocks)
    differences = _differences(design, blocks)
    if differences is not None:
        return differences
    return replace(
        design,
        model=centred,
        cells=np.zeros(len(blocks), dtype=np.int64),
        exchange="within",
        blocks=blocks,
        average=np.eye(len(blocks)) - members @ average,
        n_absorbed=len(names),
        notes=(
            *design.notes,
            f"{len(blocks)} networks of {len(names)} subjects were compared within "
            "subjects: differences between subjects are left out.",
        ),
    )


def _differences(design: Design, blocks: IntVector) -> Design | None:
    """Test an interaction with groups of subjects on the difference of each pair.

    Only if every subject has two networks, and the model without what is tested gives
    all subjects the same difference: subjects can then be exchanged, and each group has
    a spread of its own, which rearranging within subjects does not allow for.
    """
    order = np.argsort(blocks, kind="stable")
    if not (np.bincount(blocks) == 2).all():
        return None
    first, second = order[::2], order[1::2]
    model = design.model[second] - design.model[first]
    nuisance = model @ null_space(design.contrast)
    common = model_basis(nuisance) if nuisance.any() else nuisance
    size = np.abs(common)
    if common.shape[1] != 1 or np.ptp(size) > TOLERANCE or size.min() == 0:
        return None
    signs = np.sign(common)  # all in the direction of the common difference
    rows = np.unique(np.round(model * signs, 9), axis=0, return_inverse=True)[1]
    cells = rows.reshape(-1).astype(np.int64)
    if len(np.unique(cells)) > len(cells) / 2:  # a number, not groups
        cells = np.arange(len(cells))
    contrasts = np.zeros((len(first), len(blocks)))
    contrasts[np.arange(len(first)), second] = signs[:, 0]
    contrasts[np.arange(len(first)), first] = -signs[:, 0]
    return replace(
        design,
        model=model * signs,
        cells=cells,
        blocks=np.zeros(len(first), dtype=np.int64),
        average=contrasts,
        notes=(
            *design.notes,
            f"{len(first)} subjects were compared by the difference between their two "
            "networks.",
        ),
    )


def _averaged(design: Design, average: FloatMatrix, blocks: IntVector) -> Design:
    first = np.unique(blocks, return_index=True)[1]
    cells = design.cells[first] if len(design.levels) else np.arange(len(first))
    return replace(
        design,
        model=average @ design.model,
        cells=cells,
        blocks=np.zeros(len(first), dtype=np.int64),
        average=average,
        notes=(
            *design.notes,
            f"{len(blocks)} networks of {len(first)} subjects were averaged by "
            "subject, as what is tested does not differ within subjects.",
        ),
    )


def _checked(design: Design) -> Design:
    """Refuse what cannot be estimated; share one spread where a group has none."""
    model, contrast = design.model, design.contrast
    if not np.allclose(contrast @ _inverse(model) @ model, contrast, atol=1e-7):
        raise ValueError(
            f"test must be an effect that the data can show, got {design.term!r}, "
            f"which the other terms of {design.formula!r} explain, or which has no "
            "individuals on one side: leave a term out"
        )
    if design.residual_freedom() < 1:
        raise ValueError(
            f"formula must leave individuals to estimate the spread from, got "
            f"{design.formula!r} for {design.n_units}: leave terms out"
        )
    if design.has_own_spreads or freedom_of_cells(design).min() >= FEWEST_FREEDOM:
        return design
    note = "A group is too small for a spread of its own: one was taken for all."
    cells = np.zeros(design.n_units, dtype=np.int64)
    return replace(design, cells=cells, notes=(*design.notes, note))


def freedom_of_cells(design: Design) -> FloatVector:
    """Degrees of freedom of the residuals of each group of one spread, (k,)."""
    left = 1 - leverages(design.model)
    freedom = np.bincount(design.cells, left).astype(np.float64)
    return freedom - design.n_absorbed  # only if there is a single cell


def estimator(design: Design) -> FloatMatrix:
    """Matrix that estimates the tested effects from the values of units, (s, m)."""
    return np.asarray(design.contrast @ _inverse(design.model))


def model_basis(model: FloatMatrix) -> FloatMatrix:
    """Orthonormal columns that span those of a model."""
    left, sizes, _ = np.linalg.svd(model, full_matrices=False)
    return np.asarray(left[:, sizes > _tolerance(model)])


def _inverse(model: FloatMatrix) -> FloatMatrix:
    """Pseudo-inverse by which least squares solves a model of any rank."""
    return np.asarray(np.linalg.pinv(model, rcond=TOLERANCE))


def leverages(model: FloatMatrix) -> FloatVector:
    """How far each unit decides its own fitted value, 0 to 1."""
    return np.asarray((model_basis(model) ** 2).sum(axis=1))


def _tolerance(model: FloatMatrix) -> float:
    return TOLERANCE * max(float(np.linalg.norm(model)), TOLERANCE)
