"""Shares of the work, for job arrays."""


def read_shard(text: str | None) -> tuple[int, int] | None:
    """Read ``i/n``, the i-th of n shares; None stands for all of the work.

    Raises
    ------
    ValueError
        If the text is anything else.
    """
    if text is None:
        return None
    first, slash, last = text.partition("/")
    if slash and first.isdecimal() and last.isdecimal():
        index, count = int(first), int(last)
        if 1 <= index <= count:
            return index, count
    raise ValueError(f"--shard must be i/n with i from 1 to n, got {text!r}")
