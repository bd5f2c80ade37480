"""`python3 -m webapp VERB`: set up what the verb needs, then run it inside `.venv`.

Standard library only, and readable by old Pythons, because this file is what a stranger's
interpreter meets first.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any, NamedTuple

from webapp.bootstrap import interpreter, setup
from webapp.bootstrap.shell import SetupError

GUNICORN = "-m gunicorn wsgi:app -k gthread --workers 2 --threads 8 --no-control-socket"


class Verb(NamedTuple):
    """One verb: what must be installed, what runs ("module:function", or a command), its help."""

    profile: str
    target: str
    help: str
    browser: bool = False


VERBS = {
    "demo": Verb("run", "webapp.demo.run:main", "start a demo shop with everything it needs"),
    "test": Verb("test", "webapp.lab.suite:main", "run the tests (--full: every gate)", True),
    "check": Verb("test", "webapp.lab.checks:main", "format, lint, types, contracts, build"),
    "bench": Verb("run", "webapp.lab.bench:main", "measure, and compare with the goals"),
    "serve": Verb("run", GUNICORN, "serve the web application (gunicorn arguments)"),
    "rpc": Verb("run", "webapp.rpc:main", "serve the gRPC services (--bind HOST:PORT)"),
    "worker": Verb("run", "-m jobs worker", "run a worker"),
    "sender": Verb("run", "-m jobs sender", "run a sender, which calls outside services"),
    "relay": Verb("run", "-m jobs relay", "run the relay that wakes the workers"),
    "migrate": Verb("run", "webapp.core.provisioning:migrate", "bring the database up to date"),
    "build": Verb("run", "webapp.core.extension:main", "build extensions (--check: compare)"),
}


def main(argv: list[str]) -> int:
    """Run one verb; exits 0, 1 when it failed, 2 on wrong use, 130 when interrupted."""
    try:
        problem = setup.platform_problem()
        if problem:
            raise SetupError(problem)
        if not argv or argv[0] in ("-h", "--help", "help"):
            return _show_help(argv)
        return _run(argv)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not getattr(error, "for_people", False):
            raise
        print(f"loyalnest: {error}", file=sys.stderr)
        return 1


def _run(argv: list[str]) -> int:
    name, rest = argv[0], argv[1:]
    verb = VERBS.get(name)
    if verb is None and name.startswith("-"):
        return _refuse(f"unknown option {name}")
    _enter(argv, verb)
    if verb is None:
        return _run_discovered(name, rest)
    if verb.target.startswith("-m "):
        os.execv(sys.executable, [sys.executable, *verb.target.split(), *rest])
    module, function = verb.target.split(":")
    return int(getattr(importlib.import_module(module), function)(rest) or 0)


def _enter(argv: list[str], verb: Verb | None) -> None:
    """Return only inside a current `.venv`, with the time zone set; otherwise begin again there."""
    profile = verb.profile if verb else "run"
    setup.ensure(profile, with_browser=bool(verb and verb.browser and setup.inside_venv()))
    # RQ reads cron strings in local time, and a pipe would hold back what children print.
    os.environ["TZ"] = "UTC"
    os.environ["PYTHONUNBUFFERED"] = "1"
    time.tzset()
    if not setup.inside_venv():
        os.execv(str(interpreter.PYTHON), [str(interpreter.PYTHON), "-m", "webapp", *argv])


def _discovered() -> dict[str, Any]:
    """The verbs that features bring along; only inside `.venv`."""
    return dict(importlib.import_module("webapp.core.discovery").commands())


def _run_discovered(name: str, rest: list[str]) -> int:
    commands = _discovered()
    if name not in commands:
        return _refuse(f"unknown verb {name}")
    run_command = importlib.import_module("webapp.demo.join").run_command
    return int(run_command(commands[name], rest))


def _refuse(reason: str) -> int:
    print(f"loyalnest: {reason}\n\n{_listing()}", file=sys.stderr)
    return 2


def _show_help(argv: list[str]) -> int:
    """The verbs of the features are listed as soon as set-up was done once."""
    ready = setup.is_current("run")
    if ready and not setup.inside_venv():
        os.execv(str(interpreter.PYTHON), [str(interpreter.PYTHON), "-m", "webapp", *argv])
    print(_listing(), file=sys.stdout if argv else sys.stderr)
    return 0 if argv else 2


def _listing() -> str:
    helps = {name: verb.help for name, verb in VERBS.items()}
    ready = setup.inside_venv() and setup.is_current("run")
    if ready:
        helps.update({name: command.help for name, command in _discovered().items()})
    lines = [f"  {name:<16}{text}" for name, text in helps.items()]
    more = [] if ready else ["", "The verbs of the features are listed after the first demo."]
    head = ["usage: python3 -m webapp VERB [ARGUMENTS]", ""]
    return "\n".join([*head, *lines, *more, "", "VERB --help tells more about one verb."])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
