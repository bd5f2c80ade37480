"""Finds features and their parts by the names of their files, so that no list is ever edited."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from webapp.core import inbox, schedule
from webapp.core.context import HandlerNames
from webapp.core.contract import (
    Apply,
    Command,
    Metric,
    Notification,
    Page,
    Panel,
    ProxyPage,
    Send,
    UseCase,
    Widget,
)
from webapp.core.programme import Programme

FEATURES = Path(__file__).parents[1] / "features"


@cache
def features() -> tuple[str, ...]:
    """The names of all features, in alphabetical order."""
    return tuple(sorted(p.parent.name for p in FEATURES.glob("*/__init__.py")))


def parts(kind: str) -> Iterator[tuple[str, ModuleType]]:
    """(feature, module) of every feature that has a file, or a folder of files, of that kind."""
    for feature in features():
        folder = FEATURES / feature
        if (folder / f"{kind}.py").exists() or (folder / kind / "__init__.py").exists():
            yield feature, import_module(f"webapp.features.{feature}.{kind}")


def load_models() -> None:
    """Import every table, so that the metadata is complete."""
    for module in ("answers", "audit", "delivery_log", "inbox", "models", "outbox", "schedule"):
        import_module(f"webapp.core.{module}")
    for _ in parts("models"):
        pass


@cache
def handlers() -> Mapping[str, Apply | Send]:
    """Handler name -> what handles. A name is `<feature>.<function or topic>`; one function that
    takes several topics is one handler, so that it hears them in order."""
    return {name: work for _, name, work in _heard()}


@cache
def handler_names() -> HandlerNames:
    """Topic -> names of its handlers."""
    names: dict[str, tuple[str, ...]] = {}
    for topic, name, _ in _heard():
        names[topic] = (*names.get(topic, ()), name)
    return names


def _heard() -> Iterator[tuple[str, str, Apply | Send]]:
    """(topic, handler name, what handles) of everything that any feature hears."""
    for feature, module in parts("jobs"):
        for topic, work in getattr(module, "APPLIES", {}).items():
            yield from ((topic, f"{feature}.{f.__name__}", f) for f in _several(work))
        for topic, send in getattr(module, "SENDS", {}).items():
            yield topic, f"{feature}.send.{topic}", send
        for name, work in getattr(module, "EVERY", {}).items():
            for function in _several(work):
                handler = f"{feature}.{function.__name__}"
                yield schedule.topic(name), handler, schedule.Periodic(function)
    for feature, module in parts("inbound"):
        for (source, topic), function in module.RECEIVES.items():
            name = f"{feature}.{function.__name__}"
            yield inbox.outbox_topic(source, topic), name, inbox.Receiver(function)


def _several(work: Any) -> tuple[Any, ...]:
    return work if isinstance(work, tuple) else (work,)


@cache
def notifications() -> Mapping[str, Notification]:
    """Name -> everything that is said, to shoppers first."""
    found = [n for _, module in parts("messages") for n in getattr(module, "NOTIFICATIONS", ())]
    return {said.name: said for said in sorted(found, key=lambda said: said.audience == "merchant")}


def is_send(handler: str) -> bool:
    """Whether a handler talks to the network, by its name alone."""
    return ".send." in handler


def destination(handler: str) -> str:
    """The service that a handler sends to; empty for one that works inside our own database."""
    work = handlers().get(handler)
    return work.destination if isinstance(work, Send) else ""


@cache
def labels() -> Mapping[tuple[str, str], tuple[str, str]]:
    """(feature, topic) -> what people call that work: LABELS = {topic: N_(...)} of its jobs.py."""
    return {
        (feature, topic): label
        for feature, module in parts("jobs")
        for topic, label in getattr(module, "LABELS", {}).items()
    }


@cache
def metrics() -> Mapping[str, Metric]:
    """`<feature>.<name>` -> every success metric that is measured."""
    return {
        f"{feature}.{name}": metric
        for feature, module in parts("pages")
        for name, metric in getattr(module, "METRICS", {}).items()
    }


@cache
def panels() -> tuple[tuple[str, Panel], ...]:
    """(feature, panel) of every part of the dashboard's overview, in the order shown."""
    found = [(f, p) for f, module in parts("pages") for p in getattr(module, "PANELS", ())]
    return tuple(sorted(found, key=lambda item: item[1].order))


@cache
def pages() -> Mapping[str, tuple[str, Page]]:
    """Path below /admin/ -> (feature, page) of every page of the dashboard, in the order shown."""
    found = [(f, p) for f, module in parts("pages") for p in getattr(module, "PAGES", ())]
    return {page.path: (f, page) for f, page in sorted(found, key=lambda item: item[1].order)}


@cache
def use_cases() -> Mapping[str, tuple[str, UseCase]]:
    """Name -> (feature, row) of every call of programs."""
    found = [(f, row) for f, module in parts("api") for row in module.USE_CASES]
    return {row.name: (feature, row) for feature, row in found}


@cache
def programme() -> Programme:
    """Who answers for the programme: the feature with a PROGRAMME in its `service`."""
    found = [m.PROGRAMME for _, m in parts("service") if hasattr(m, "PROGRAMME")]
    (only,) = found
    answers: Programme = only
    return answers


@cache
def widget_names() -> tuple[str, ...]:
    """The names of all widgets, without loading them."""
    return tuple(sorted(path.parent.name for path in FEATURES.glob("*/widgets/*/widget.py")))


@cache
def widgets() -> Mapping[str, tuple[str, Widget]]:
    """Widget name -> (template of its fragment, widget)."""
    found: dict[str, tuple[str, Widget]] = {}
    for path in sorted(FEATURES.glob("*/widgets/*/widget.py")):
        folder = path.parent.relative_to(FEATURES)
        module = import_module("webapp.features." + ".".join(folder.parts) + ".widget")
        found[path.parent.name] = (f"{folder.as_posix()}/fragment.html", module.WIDGET)
    return found


@cache
def fragments() -> Mapping[str, tuple[str, Widget]]:
    """Those of `widgets` that stand in a theme, and so have a fragment."""
    return {name: found for name, found in widgets().items() if not found[1].checkout}


@cache
def proxy_pages() -> Mapping[str, tuple[str, ProxyPage]]:
    """First word below /apps/loyalnest/ -> (template, page) of every page inside a shop's theme."""
    found = [(f, p) for f, module in parts("public") for p in getattr(module, "PROXY_PAGES", ())]
    return {page.path: (f"{f}/templates/{page.template}", page) for f, page in found}


def commands() -> Mapping[str, Command]:
    """Verb -> command, of all features."""
    return {name: c for _, module in parts("commands") for name, c in module.COMMANDS.items()}
