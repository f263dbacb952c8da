"""A checkpoint as bytes, from which a training resumes after an interruption."""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from sims.evaluation import Evaluation
from sims.network import Network
from sims.stages import TrainingState

_DIGEST = 32  # bytes of a SHA-256


def state_to_bytes(state: TrainingState, **about: Any) -> bytes:
    """Serialise a state, preceded by the SHA-256 of its bytes.

    Parameters
    ----------
    state : TrainingState
        Of a sweep: of a network of numpy arrays, evaluated, without momentum.
    **about
        Plain data to store with it.
    """
    assert state.evaluation is not None, "a sweep evaluates every checkpoint"
    plain = {
        "step": state.step,
        "evaluation": asdict(state.evaluation),
        "place": state.position,
        "diverged_at": state.diverged_at,
        "about": about,
    }
    arrays = {
        "weights": state.network.weights,
        "history_steps": state.history_steps,
        "history_loss": state.history_loss,
        "plain": np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8),
    }
    if state.network.bias is not None:
        arrays["bias"] = state.network.bias
    file = io.BytesIO()
    np.savez(file, **arrays)
    content = file.getvalue()
    return hashlib.sha256(content).digest() + content


def state_from_bytes(
    content: bytes, start: Network
) -> tuple[TrainingState, dict[str, Any]]:
    """Read what `state_to_bytes` wrote.

    Parameters
    ----------
    content : bytes
    start : Network
        Untrained network of the same run; all but its weights and bias are used.

    Returns
    -------
    TrainingState
    dict
        The data that were stored with it.

    Raises
    ------
    ValueError
        If `content` is incomplete or was altered, or belongs to another network.
    """
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        raise ValueError("a training state must have its checksum, got another")
    try:
        with np.load(io.BytesIO(content[_DIGEST:]), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        plain = json.loads(bytes(arrays["plain"]))
        state = TrainingState(
            step=int(plain["step"]),
            network=replace(start, weights=arrays["weights"], bias=arrays.get("bias")),
            evaluation=Evaluation(**plain["evaluation"]),
            history_steps=arrays["history_steps"],
            history_loss=arrays["history_loss"],
            position=plain["place"],
            diverged_at=plain["diverged_at"],
        )
        about: dict[str, Any] = plain["about"]
    except _DAMAGE as error:
        raise ValueError(f"a training state must be whole, got {error!r}") from None
    return state, about


_DAMAGE = (
    *(EOFError, KeyError, TypeError, ValueError, AttributeError, OSError),
    *(RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error),
)
"""Errors of numpy, zipfile and json for content that is not a serialised state."""
