"""Fields of a record that may hold one of a few values, as their `Literal` types say."""

from __future__ import annotations

from typing import Literal, get_args, get_origin, get_type_hints

from rvosbench.errors import InvalidDataError


def refuse_other_choices(owner: str, record: object) -> None:
    """Check every field of a dataclass whose type is a `Literal`.

    Args:
        owner: what the record is called in the message, such as "the metric 'J'".
        record: the instance.

    Raises:
        InvalidDataError: naming the first field that holds something else.
    """
    for name, hint in get_type_hints(type(record)).items():
        if get_origin(hint) is Literal and getattr(record, name) not in get_args(hint):
            raise InvalidDataError(
                f"{owner} has {name}={getattr(record, name)!r}; expected one of "
                f"{', '.join(map(repr, get_args(hint)))}"
            )
