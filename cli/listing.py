"""What `rvos list` tells, as records: every name of a registry, who brought it, and what is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rvosbench.plugins.options import OptionRow
    from rvosbench.plugins.registry import Registry

KINDS = ("datasets", "models", "presets", "metrics", "protocols", "servers", "broken")


_TAKES = {"expression": "expressions", "annotator": "expressions, by annotator", "object": "objects"}
_HOLDS = {
    "binary": "grey PNG of 0 and 255",
    "labels": "palette PNG of object ids",
    "youtube-vis": "run lengths as YouTube-VIS has them",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One name that can be used on the command line."""

    name: str
    summary: str  # lines
    package: str
    details: Mapping[str, Any] = field(default_factory=dict)  # for --json
    presets: tuple[tuple[str, str], ...] = ()  # name, summary
    options: tuple[OptionRow, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The item under its name."""
        return {"summary": " ".join(self.summary.split()), "package": self.package, **self.details}


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A name that cannot be used, or that two packages claim."""

    kind: str
    name: str
    packages: tuple[str, ...]
    reason: str


def items(kind: str) -> Iterator[Item]:
    """What can be used of a kind; what cannot is in `broken`."""
    from rvosbench.errors import PluginError

    if kind == "servers":
        yield from _servers()
        return
    make, of = _MAKERS[kind], "models" if kind == "presets" else kind
    registry = _registries()[of]
    for name, entry in registry.entries().items():
        try:
            value = registry[name]
        except PluginError:
            continue
        yield from make(name, entry.distribution, value)


def broken(kind: str | None = None) -> list[Broken]:
    """What is broken of a kind, or of all."""
    from rvosbench.plugins.entry_points import installed

    found = []
    for of, registry in _registries().items():
        if kind not in (None, of):
            continue
        claims = installed(registry.group).entries
        for name, reason in registry.broken().items():
            packages = {entry.distribution for entry in claims if entry.name == name}
            found.append(
                Broken(kind=of.removesuffix("s"), name=name, packages=tuple(sorted(packages)), reason=reason)
            )
    return found


def as_json(found: Mapping[str, list[Item]], faults: list[Broken]) -> dict[str, Any]:
    """The object that `rvos list --json` prints."""
    listed = {kind: {item.name: item.as_json() for item in of} for kind, of in found.items()}
    return {"schema_version": 1, **listed, "broken": [asdict(fault) for fault in faults]}


def _registries() -> dict[str, Registry[Any]]:
    from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS

    return {"datasets": DATASETS, "models": MODELS, "metrics": METRICS, "protocols": PROTOCOLS}


def _dataset(name: str, package: str, spec: Any) -> Iterator[Item]:
    rows = _options(spec)
    details = {"protocol": spec.protocol, "options": [asdict(row) for row in rows]}
    yield Item(name=name, summary=spec.card.title, package=package, details=details, options=rows)


def _model(name: str, package: str, spec: Any) -> Iterator[Item]:
    rows = _options(spec)
    presets = tuple((preset, of.summary) for preset, of in spec.presets.items())
    details = {
        "traits": sorted(spec.traits),
        "presets": dict(presets),
        "options": [asdict(row) for row in rows],
    }
    yield Item(
        name=name, summary=spec.summary, package=package, details=details, presets=presets, options=rows
    )


def _presets(name: str, package: str, spec: Any) -> Iterator[Item]:
    for preset, of in spec.presets.items():
        summary = f"{of.summary} (rvos train {name})"
        yield Item(name=preset, summary=summary, package=package, details={"model": name})


def _metric(name: str, package: str, metric: Any) -> Iterator[Item]:
    details = {"better": metric.better, "over": metric.over, "source": metric.source}
    summary = metric.title + ("" if metric.better == "higher" else "; lower is better")
    yield Item(name=name, summary=summary, package=package, details=details)


def _protocol(name: str, package: str, protocol: Any) -> Iterator[Item]:
    details = {
        "title": protocol.title,
        "metrics": list(protocol.metrics),
        "ranked_by": protocol.main_metric,
        "datasets": list(protocol.datasets),
        "unverified": protocol.unverified,
    }
    yield Item(name=name, summary=protocol.explanation, package=package, details=details)


def _servers() -> Iterator[Item]:
    """The servers of `rvos submit`, which are in no registry."""
    from rvosbench.plugins.registry import OURS
    from rvosbench.submission.servers import SERVERS

    for name, server in SERVERS.items():
        lines = [server.title]
        lines += [
            f"{_TAKES[layout.unit]}: {layout.template}, {_HOLDS[layout.content]}" for layout in server.layouts
        ]
        lines.append(f"Verified: the layout, in {server.source}")
        if server.unverified is not None:
            lines.append(f"Not verified: {server.unverified}")
        details = {
            "title": server.title,
            "datasets": list(server.datasets),
            "layouts": [asdict(layout) for layout in server.layouts],
            "one_folder_around": server.one_folder_around,
            "is_open": server.is_open,
            "largest_bytes": server.largest_bytes,
            "source": server.source,
            "unverified": server.unverified,
        }
        yield Item(name=name, summary="\n".join(lines), package=OURS, details=details)


def _options(spec: Any) -> tuple[OptionRow, ...]:
    from rvosbench.plugins.options import describe_options

    return tuple(describe_options(spec.options))


_MAKERS = {
    "datasets": _dataset,
    "models": _model,
    "presets": _presets,
    "metrics": _metric,
    "protocols": _protocol,
}
