"""The merchant's second shop: what was bought there, and who shops in both.

The people of the first shop have an account here too, with the same address; all but one have
shown that it is theirs. The one who has not stays two members, which is what sharing is for.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from webapp.demo import orders as simulated
from webapp.demo.backoffice import BackOffice
from webapp.demo.orders import Row
from webapp.demo.programme import begin_programme
from webapp.demo.seed import DemoShop, DemoStore, Member, Person, members, remember
from webapp.demo.services import Ports
from webapp.demo.settings import ConfigFile
from webapp.demo.standins.host import CONTROL
from webapp.features.orders.commands import import_files, patiently, sentence, wait_for_handlers
from webapp.features.orders.messages import FileImport
from webapp.features.orders.pages import SIMULATED
from webapp.parts import Parts

SHOP_NAME = "Fjord & Fern"
TONE = "sea"
FIRST_CUSTOMER, FIRST_ORDER = 900_001, 700_001
# Customers of the second shop alone.
OTHERS = 60
SEED = 2_027
DAYS = 150
STRANGER = "stranger"
HEARD_SECONDS = 30.0
# What a shop must tell before its customers are introduced.
TOPIC = "customers/update"


def choose_people(found: Sequence[Member]) -> tuple[Person, ...]:
    """Every sample member with a number in the second shop. The second of them, if they are enough,
    has an address there that is not verified."""
    people = [
        Person(one.customer_id, str(FIRST_CUSTOMER + n), one.locale, one.role)
        for n, one in enumerate(found)
    ]
    if len(people) > 3 and not people[1].role:
        people[1] = replace(people[1], role=STRANGER, verified=False)
    return tuple(people)


def purchases(people: Sequence[Person], currency: str, last: date) -> Iterator[Row]:
    """What was bought in the second shop until that day, by time."""
    rng = random.Random(SEED)  # noqa: S311 - simulated orders need repetition, not secrecy.
    customers = [int(one.other_id) for one in people]
    end = datetime(last.year, last.month, last.day, 18, tzinfo=UTC)
    found: list[tuple[datetime, int, float]] = []
    for n, customer in enumerate([*customers, *_own_customers(len(customers))]):
        for _ in range(1 + (n % 4)):
            at = end - timedelta(minutes=rng.randrange(DAYS * 24 * 60))
            found.append((at, customer, max(9.0, rng.lognormvariate(3.8, 0.4))))
    for number, (at, buyer, amount) in enumerate(sorted(found), FIRST_ORDER):
        when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Row(str(buyer), when, f"{amount:.2f}", currency, str(number))


def _own_customers(taken: int) -> range:
    first = FIRST_CUSTOMER + taken
    return range(first, first + OTHERS)


def open_second(
    parts: Parts, folder: Path, wanted: str, shop: DemoShop, second: DemoStore, last: date
) -> DemoShop:
    """Choose the people and bring in what was bought, once; the shop with its people."""
    if shop.people:
        return shop
    people = choose_people(patiently(parts.database, partial(members, parts, shop)))
    file, refused = folder / "second-orders.csv", folder / "refused" / f"{second.shop_domain}.csv"
    refused.parent.mkdir(mode=0o700, exist_ok=True)
    simulated.write_csv(file, purchases(people, second.currency, last))
    asked = FileImport(second.shop_domain, (file,), (), label=SIMULATED, report=refused)
    print(sentence(import_files(parts.database, asked)), flush=True)
    _say_given_up(wait_for_handlers(parts.database, second.shop_domain))
    with_people = replace(shop, people=people)
    remember(folder / "state.json", wanted, with_people)
    return with_people


def introduce(
    parts: Parts, ports: Ports, shop: DemoShop, second: DemoStore, files: Sequence[Path]
) -> bool:
    """Let both shops tell how their people are reached, then begin the shared programme: rewards,
    tiers, and one balance over both shops. Whether it came to that."""
    domains = [shop.shop_domain, second.shop_domain]
    control = f"{ports.standin_urls[CONTROL]}/shopify/_received"
    if not _until(control, lambda said: _heard(said, domains)):
        print("The shops' webhooks are not subscribed yet; nobody is introduced.", file=sys.stderr)
        return False
    for file in files:
        config = ConfigFile(file)
        office = BackOffice(config)
        for customer in config().customers:
            office.introduce(customer.customer_id, customer.locale)
    _until(control, lambda said: not said["open"])
    _say_given_up(wait_for_handlers(parts.database, shop.shop_domain))
    patiently(parts.database, partial(begin_programme, parts, shop.merchant_id, domains))
    _say_given_up(wait_for_handlers(parts.database, shop.shop_domain))
    return True


def _heard(said: Mapping[str, Any], domains: Sequence[str]) -> bool:
    there = {one["shop"] for one in said["wanted"] if one["topic"] == TOPIC}
    return set(domains) <= there


def _until(address: str, true: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether the stand-in says so within HEARD_SECONDS."""
    deadline = time.monotonic() + HEARD_SECONDS
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            if true(client.get(address, params={"most": "1"}).json()):
                return True
            time.sleep(0.1)
    return False


def _say_given_up(given_up: int) -> None:
    if given_up:
        print(f"{given_up} pieces of work were given up; the worker logs say why.", file=sys.stderr)
