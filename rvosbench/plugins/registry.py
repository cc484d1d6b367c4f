"""Names -> implementations, imported only when asked for, checked when they are.

Built-ins are a plain table of `"name": "module:attribute"` strings. Installed packages add entry points to
the groups `rvosbench.datasets`, `.models`, `.metrics` and `.protocols`; notebooks and tests call `register`.
All three go through one door: what is not of the registry's type, or is broken, is a `PluginError` that
names who brought it, when its name is asked for and not before.
"""

from __future__ import annotations

import builtins
import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.files.text import one_line, some
from rvosbench.plugins.entry_points import Entry, installed

if TYPE_CHECKING:
    from rvosbench.plugins.dataset import DatasetSpec
    from rvosbench.plugins.metric import Metric
    from rvosbench.plugins.model import ModelSpec
    from rvosbench.plugins.protocol import Protocol

T = TypeVar("T")

OURS = "rvosbench"
"""The distribution of what is built in."""

_HERE = "this program"
_MOST_LISTED = 20  # names in a message


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from a name to an implementation, which is imported and checked at the look-up.

    A value must be an instance of the registry's type. If it has a `name`, that must be the one it is
    registered under; if it has a method `check`, that is called and may raise a ValueError or a TypeError.

    Example:
        >>> numbers = Registry("number", "rvosbench.numbers", {"pi": "math:pi"}, float)
        >>> numbers["pi"]
        3.141592653589793
        >>> with numbers.register("tau", 6.28):
        ...     list(numbers)
        ['pi', 'tau']
        >>> list(numbers)
        ['pi']
    """

    def __init__(self, kind: str, group: str, built_in: Mapping[str, str], type: type[T] | str) -> None:
        """
        Args:
            kind: what one value is called in messages, such as "model".
            group: of the entry points by which other packages add to it.
            built_in: name -> "module:attribute".
            type: what each value must be; a class, or "module:Class", imported at the first look-up.
        """
        self.kind = kind
        self.group = group
        self._built_in = dict(built_in)
        self._type = type
        self._registered: dict[str, T] = {}

    def entries(self) -> dict[str, Entry]:
        """Every name with its origin; imports nothing, never raises.

        A name that several packages claim is here once.
        """
        entries = {entry.name: entry for entry in reversed(installed(self.group).entries)}
        for name, value in self._registered.items():
            entries[name] = Entry(name, builtins.type(value).__qualname__, _HERE)
        for name, target in self._built_in.items():
            entries[name] = Entry(name, target, OURS)
        return dict(sorted(entries.items()))

    def is_registered_here(self, name: str) -> bool:
        """Whether a name is known to this process alone, by `register`; another one may mean another."""
        return name in self._registered and name not in self._built_in

    def broken(self) -> dict[str, str]:
        """Name -> what is wrong with it, of all names that cannot be used or are claimed twice.

        Imports everything that is registered; never raises. A package whose metadata cannot be read is
        listed by its own name.
        """
        packages = installed(self.group)
        reasons = {
            name: f"the entry points of the package {name} cannot be read "
            f"({one_line(reason, most=300)}); reinstall it"
            for name, reason in packages.unreadable.items()
        }
        for name in self.entries():
            try:
                self[name]
            except PluginError as error:
                reasons[name] = str(error)
        for entry in packages.entries:
            if entry.name in self._built_in:
                reasons.setdefault(
                    entry.name,
                    f"the package {entry.distribution} registers the {self.kind} '{entry.name}' too, which "
                    "is built in; the built-in one is used; rename the other",
                )
        return dict(sorted(reasons.items()))

    def register(self, name: str, value: T) -> Registration:
        """Add a value under a name for the life of this process, or of a `with` block.

        A value that was registered like this before is replaced, so that a notebook's cell can run twice.

        Raises:
            PluginError: the name is built in or comes from a package, or the value is not what it must be.
        """
        taken = self._built_in.get(name) or next(
            (entry.distribution for entry in installed(self.group).entries if entry.name == name), None
        )
        if taken:
            by = OURS if name in self._built_in else f"the package {taken}"
            raise PluginError(f"the {self.kind} '{name}' exists already, in {by}; choose another name")
        self._check(Entry(name, builtins.type(value).__qualname__, _HERE), value)
        before = self._registered.get(name)
        self._registered[name] = value

        def undo() -> None:
            self.unregister(name)
            if before is not None:
                self._registered[name] = before

        return Registration(undo)

    def unregister(self, name: str) -> None:
        """Take away what `register` added; nothing happens if there is no such name any more."""
        self._registered.pop(name, None)

    def __getitem__(self, name: str) -> T:
        if name in self._built_in:
            return self._load(Entry(name, self._built_in[name], OURS))
        if name in self._registered:
            return self._registered[name]
        claims = [entry for entry in installed(self.group).entries if entry.name == name]
        if not claims:
            raise UnknownNameError(unknown(self.kind, name, list(self.entries())))
        if len(claims) > 1:
            packages = " and ".join(sorted({f"{entry.distribution} ({entry.target})" for entry in claims}))
            raise PluginError(
                f"the {self.kind} '{name}' is registered by {packages}; uninstall or rename one of them"
            )
        return self._load(claims[0])

    def __contains__(self, name: object) -> bool:
        return name in self.entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __repr__(self) -> str:
        return f"<{self.kind}s: {', '.join(self)}>"

    def _load(self, entry: Entry) -> T:
        try:
            value = entry.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise anything while it is imported, SystemExit too
            raise PluginError(
                f"{self._described(entry)} cannot be imported from {entry.target} "
                f"({type(error).__name__}: {one_line(error, most=300)}); update or uninstall that package"
            ) from error
        return self._check(entry, value)

    def _check(self, entry: Entry, value: object) -> T:
        expected = self._expected()
        if not isinstance(value, expected):
            raise PluginError(
                f"{self._described(entry)} is {_kind_of(value)}, expected {_kind_of_class(expected)} "
                f"({entry.target})"
            )
        if not isinstance(value, type):  # the attributes of a class describe its instances
            self._ask(entry, value)
        return value

    def _ask(self, entry: Entry, value: object) -> None:
        """The part of the check that only the value itself knows."""
        named = getattr(value, "name", entry.name)
        if named != entry.name:
            raise PluginError(
                f"{self._described(entry)} calls itself '{one_line(named, most=300)}' ({entry.target}); "
                "register it under its own name"
            )
        check = getattr(value, "check", None)
        if callable(check):
            try:
                check()
            except (ValueError, TypeError, PluginError) as error:
                raise PluginError(
                    f"{self._described(entry)} is not valid: {one_line(error, most=300)} ({entry.target})"
                ) from error

    def _described(self, entry: Entry) -> str:
        here = entry.distribution == _HERE
        origin = f"registered by {_HERE}" if here else f"of the package {entry.distribution}"
        return f"the {self.kind} '{entry.name}' {origin}"

    def _expected(self) -> type[T]:
        if isinstance(self._type, str):
            module, _, attribute = self._type.partition(":")
            self._type = cast("type[T]", getattr(importlib.import_module(module), attribute))
        return self._type


class Registration:
    """What `Registry.register` returns: leaving its `with` block undoes the registration."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo()


def unknown(kind: str, name: str, known: list[str]) -> str:
    """The message for a name that is not there: the nearest one, else all of them."""
    name = one_line(name, most=200)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    listed = some(known, _MOST_LISTED, in_order=False) or "none"  # the first of very many, as of videos
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {listed}"
    return f"no {kind} is named '{name}'; {hint}"


def _kind_of(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    return f"an instance of {type(value).__qualname__}"


def _kind_of_class(expected: type) -> str:
    return "a class" if expected is type else f"an instance of {expected.__qualname__}"


DATASETS: Registry[DatasetSpec] = Registry(
    "dataset",
    "rvosbench.datasets",
    {
        "a2d": "rvosbench.datasets.specs.a2d:SPEC",
        "davis": "rvosbench.datasets.specs.davis:SPEC",
        "jhmdb": "rvosbench.datasets.specs.jhmdb:SPEC",
        "mevis": "rvosbench.datasets.specs.mevis:SPEC",
        "refcoco": "rvosbench.datasets.specs.refcoco:REFCOCO",
        "refcoco+": "rvosbench.datasets.specs.refcoco:REFCOCO_PLUS",
        "refcocog": "rvosbench.datasets.specs.refcoco:REFCOCOG",
        "ytvos": "rvosbench.datasets.specs.ytvos:SPEC",
    },
    "rvosbench.plugins.dataset:DatasetSpec",
)

MODELS: Registry[ModelSpec] = Registry(
    "model",
    "rvosbench.models",
    {
        "centre": "rvosbench.models.baselines:CENTRE",
        "everything": "rvosbench.models.baselines:EVERYTHING",
        "nothing": "rvosbench.models.baselines:NOTHING",
        "random-object": "rvosbench.models.baselines:RANDOM_OBJECT",
        "soc": "rvosbench.models.soc.spec:SPEC",
    },
    "rvosbench.plugins.model:ModelSpec",
)

METRICS: Registry[Metric] = Registry(
    "metric",
    "rvosbench.metrics",
    {
        "AP@0.5": "rvosbench.metrics.catalogue:AVERAGE_PRECISION_AT_05",
        "AP@0.75": "rvosbench.metrics.catalogue:AVERAGE_PRECISION_AT_075",
        "F": "rvosbench.metrics.catalogue:F",
        "F decay": "rvosbench.metrics.catalogue:F_DECAY",
        "F recall": "rvosbench.metrics.catalogue:F_RECALL",
        "J": "rvosbench.metrics.catalogue:J",
        "J decay": "rvosbench.metrics.catalogue:J_DECAY",
        "J recall": "rvosbench.metrics.catalogue:J_RECALL",
        "J&F": "rvosbench.metrics.catalogue:J_AND_F",
        "P@0.5": "rvosbench.metrics.catalogue:PRECISION_AT_05",
        "P@0.6": "rvosbench.metrics.catalogue:PRECISION_AT_06",
        "P@0.7": "rvosbench.metrics.catalogue:PRECISION_AT_07",
        "P@0.8": "rvosbench.metrics.catalogue:PRECISION_AT_08",
        "P@0.9": "rvosbench.metrics.catalogue:PRECISION_AT_09",
        "box P@0.5": "rvosbench.metrics.catalogue:BOX_PRECISION_AT_05",
        "box P@0.6": "rvosbench.metrics.catalogue:BOX_PRECISION_AT_06",
        "box P@0.7": "rvosbench.metrics.catalogue:BOX_PRECISION_AT_07",
        "box P@0.8": "rvosbench.metrics.catalogue:BOX_PRECISION_AT_08",
        "box P@0.9": "rvosbench.metrics.catalogue:BOX_PRECISION_AT_09",
        "mAP": "rvosbench.metrics.catalogue:MEAN_AVERAGE_PRECISION",
        "mIoU": "rvosbench.metrics.catalogue:MEAN_IOU",
        "oIoU": "rvosbench.metrics.catalogue:OVERALL_IOU",
    },
    "rvosbench.plugins.metric:Metric",
)

PROTOCOLS: Registry[Protocol] = Registry(
    "protocol",
    "rvosbench.protocols",
    {
        "a2d": "rvosbench.evaluation.protocols:A2D",
        "a2d-top1": "rvosbench.evaluation.protocols:A2D_TOP1",
        "davis-expressions": "rvosbench.evaluation.protocols:DAVIS_EXPRESSIONS",
        "davis-objects": "rvosbench.evaluation.protocols:DAVIS_OBJECTS",
        "davis-official": "rvosbench.evaluation.protocols:DAVIS_OFFICIAL",
        "davis-plain": "rvosbench.evaluation.protocols:DAVIS_PLAIN",
        "davis-semi": "rvosbench.evaluation.protocols:DAVIS_SEMI",
        "jhmdb": "rvosbench.evaluation.protocols:JHMDB",
        "jhmdb-top1": "rvosbench.evaluation.protocols:JHMDB_TOP1",
        "mevis": "rvosbench.evaluation.protocols:MEVIS",
        "refcoco": "rvosbench.evaluation.protocols:REFCOCO",
        "ytvos": "rvosbench.evaluation.protocols:YTVOS",
    },
    "rvosbench.plugins.protocol:Protocol",
)
