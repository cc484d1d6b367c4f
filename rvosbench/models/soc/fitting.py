"""Whether weights belong to a model: name by name, shape by shape, before anything is copied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from torch import nn

from rvosbench.errors import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]

LISTED = 8
"""Names, or groups of names, that a message shows of each kind."""


def check_shapes(
    source: object, shapes: Shapes, module: nn.Module, expected: str, described: str = ""
) -> None:
    """Refuse weights that do not fit.

    Args:
        source: where the weights come from, for the message.
        shapes: what they are.
        module: what they should be; may live on the meta device.
        expected: what to call the module.
        described: what to call the weights, where that is known.

    Raises:
        CheckpointError: says what is missing, unexpected and of another shape, all of it or in groups.
    """
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    differing = sorted(name for name in shapes.keys() & wanted.keys() if shapes[name] != wanted[name])
    kinds = [
        listed("missing", wanted.keys() - shapes.keys()),
        listed("unexpected", shapes.keys() - wanted.keys()),
        listed("of another shape", differing, {n: f"{n} {shapes[n]} for {wanted[n]}" for n in differing}),
    ]
    if any(kinds):
        holds = f"holds {described}; " if described else ""
        raise CheckpointError(f"{source} {holds}expected {expected}: {'; '.join(filter(None, kinds))}")


def listed(what: str, names: Collection[str], details: Mapping[str, str] | None = None) -> str:
    """`3 missing (a, b, c)`, or nothing when there are none.

    Where the names are many, those that differ in numbers alone are one, `stages.*.*.norm.bias x12`, and
    where that is still too long, those of one module.
    """
    if not names:
        return ""
    shown: list[str] = [(details or {}).get(name, name) for name in sorted(names)]
    if len(shown) > LISTED:
        shown = _grouped(re.sub(r"\d+", "*", name) for name in names)
    if len(shown) > LISTED:
        shown = _grouped(f"{name.partition('.')[0]}.*" if "." in name else name for name in names)
    if len(shown) > 2 * LISTED:
        shown = [*shown[:LISTED], "..."]
    return f"{len(names)} {what} ({', '.join(shown)})"


def _grouped(names: Iterable[str]) -> list[str]:
    return [f"{name} x{count}" if count > 1 else name for name, count in sorted(Counter(names).items())]
