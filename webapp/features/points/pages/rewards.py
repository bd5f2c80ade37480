"""The Rewards page: what members may have for their points."""

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.core.messages import shown
from webapp.core.words import currency_exponent
from webapp.features.points import service
from webapp.features.points.messages import SaveReward
from webapp.features.points.pages.reward_form import FIELDS, Reader, labelled
from webapp.features.points.queries import rewards as stored

PATH = "rewards"
KINDS = {
    "amount_off": N_("rewards.kind.amount_off", "Money off"),
    "percentage": N_("rewards.kind.percentage", "Percentage off"),
    "free_shipping": N_("rewards.kind.free_shipping", "Free shipping"),
    "free_product": N_("rewards.kind.free_product", "Free product"),
}
POLICIES = {
    "return": N_("rewards.expiry.return", "Points return to the member"),
    "keep": N_("rewards.expiry.keep", "Points are gone"),
}
SAVED = N_(
    "rewards.saved", "The reward is saved. Codes that members have already stay as they are."
)
PAUSED = N_("rewards.paused", "The reward is paused. Codes that members have stay good.")
RESUMED = N_("rewards.resumed", "The reward can be had again.")
BEGUN = N_("rewards.begun", "The rewards are there. Change them as you like.")
MOST_POINTS, MOST_STOCK, MOST_DAYS = 10_000_000, 1_000_000, 3_660


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    where, lines = stored.where(ctx), stored.lines(ctx)
    currencies = sorted({store.currency for store in where})
    chosen = form.one("reward_id") or form.one("edit")
    edited = next((line for line in lines if line.reward_id == chosen), None)
    again = "points" in form.names()
    locale = i18n.negotiate(form.one("locale"), default=default_locale(ctx, edited))
    return {
        "rewards": [row(ctx, line, where) for line in lines],
        "kinds": options(ctx, KINDS),
        "policies": options(ctx, POLICIES),
        "fields": {name: labelled(ctx.locale, name) for name in FIELDS},
        "where": where,
        "currencies": [
            {
                "code": currency,
                "amount": labelled(ctx.locale, "amount", currency),
                "minimum": labelled(ctx.locale, "minimum", currency),
            }
            for currency in currencies
        ],
        "edited": edited,
        "values": entered(form) if again else kept(edited, currencies),
        "ticked": form.all("stores") if again else (edited and edited.stores) or (),
        "language": language(locale),
        "others": [language(tag) for tag in i18n.LOCALES if tag != locale],
        "position": len(lines) + 1,
    }


def row(ctx: Context, line: stored.Line, where: Iterable[stored.Where]) -> Mapping[str, Any]:
    """A reward of the list; `worth` is what it takes off, and what 100 points are worth then."""
    names = {store.store_id: store.name for store in where}
    return {
        "line": line,
        "name": line.name(ctx.locale),
        "kind": i18n.text(ctx.locale, *KINDS[line.kind]),
        "worth": [
            {
                "off": i18n.money(ctx.locale, minor, currency),
                "hundred": i18n.money(ctx.locale, minor * 100 // line.points, currency),
            }
            for currency, minor in sorted(line.amounts.items())
        ],
        "minimums": [
            i18n.money(ctx.locale, minor, currency)
            for currency, minor in sorted(line.minimums.items())
        ],
        "stores": None
        if line.stores is None
        else [names[store_id] for store_id in line.stores if store_id in names],
    }


def options(ctx: Context, words: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, i18n.text(ctx.locale, *said)) for name, said in words.items()]


def language(tag: str) -> Mapping[str, str]:
    return {"tag": tag, "name": i18n.native_name(tag), "dir": i18n.direction(tag)}


def default_locale(ctx: Context, edited: stored.Line | None) -> str:
    """The language that speaks for those without a name: the reward's own, for a new one that of
    whoever makes it."""
    return edited.default_locale if edited else ctx.locale


def entered(form: Form) -> Mapping[str, str]:
    """What a refused form said."""
    return {name: form.one(name) for name in form.names()}


def kept(edited: stored.Line | None, currencies: Iterable[str]) -> Mapping[str, str]:
    """The fields of a reward that is there; those of a new one."""
    if edited is None:
        return {"kind": "amount_off", "valid_days": "90", "return_on_expiry": "return"}
    values = {
        "reward_id": edited.reward_id,
        "kind": edited.kind,
        "points": str(edited.points),
        "percent": str(edited.percent or ""),
        "product": edited.product or "",
        "stock": "" if edited.stock is None else str(edited.stock),
        "stock_seen": "" if edited.stock is None else str(edited.stock),
        "valid_days": str(edited.valid_days),
        "return_on_expiry": edited.return_on_expiry,
        "position": str(edited.position),
        "locale": edited.default_locale,
    }
    values |= {f"name-{tag}": name for tag, name in edited.names.items()}
    values |= {f"description-{tag}": said for tag, said in edited.descriptions.items()}
    for currency in currencies:
        values[f"amount-{currency}"] = written(edited.amounts.get(currency), currency)
        values[f"minimum-{currency}"] = written(edited.minimums.get(currency), currency)
    return values


def written(minor: int | None, currency: str) -> str:
    """An amount as a field holds it: 1050 EUR -> `10.50`."""
    exponent = currency_exponent(currency)
    if minor is None:
        return ""
    digits = str(minor).rjust(exponent + 1, "0")
    return f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits


def save(ctx: Context, form: Form) -> Done:
    """Raises AppError: field_required, invalid_value, and those of `service.save_reward`."""
    read, where = Reader(ctx, form), stored.where(ctx)
    currencies = sorted({store.currency for store in where})
    kind, locale = read.one_of("kind", KINDS), i18n.negotiate(form.one("locale", ctx.locale))
    names = read.texts("name")
    amounts = read.amounts("amount", currencies) if kind == "amount_off" else {}
    percent = read.number("percent", 1, 100) if kind == "percentage" else None
    product = read.product() if kind == "free_product" else None
    wanted = {"name": names.get(locale), "amount": amounts, "percent": percent, "product": product}
    value = {"amount_off": "amount", "percentage": "percent", "free_product": "product"}.get(kind)
    for name in ("name", value):
        if name and not wanted[name]:
            raise AppError(FIELD_REQUIRED, field=read.label(name, currency=", ".join(currencies)))
    service.save_reward(
        ctx,
        SaveReward(
            reward_id=form.one("reward_id") or None,
            kind=kind,
            points=read.needed("points", 1, MOST_POINTS),
            default_locale=locale,
            names=names,
            amounts=amounts,
            percent=percent,
            product=product,
            minimums=read.amounts("minimum", currencies),
            stores=chosen_stores(read, form, where),
            stock=read.number("stock", 0, MOST_STOCK),
            stock_seen=read.number("stock_seen", 0, MOST_STOCK),
            descriptions=read.texts("description"),
            valid_days=read.needed("valid_days", 1, MOST_DAYS),
            return_on_expiry=read.one_of("return_on_expiry", POLICIES),
            position=read.number("position", 0, 999) or 0,
        ),
    )
    return Done(i18n.text(ctx.locale, *SAVED))


def chosen_stores(
    read: Reader, form: Form, where: Iterable[stored.Where]
) -> tuple[str, ...] | None:
    """The ticked stores; none or all of them is all, also those that come later. Raises
    AppError(invalid_value)."""
    known, ticked = {store.store_id for store in where}, form.all("stores")
    if not set(ticked) <= known:
        raise AppError(INVALID_VALUE, field=read.label("stores"), value=shown("", ticked[0]))
    return None if not ticked or set(ticked) == known else tuple(sorted(set(ticked)))


def pause(ctx: Context, form: Form) -> Done:
    active = form.one("active") == "yes"
    service.pause_reward(ctx, form.one("reward_id"), active=active)
    return Done(i18n.text(ctx.locale, *(RESUMED if active else PAUSED)))


def begin(ctx: Context, form: Form) -> Done:
    service.begin_catalogue(ctx)
    return Done(i18n.text(ctx.locale, *BEGUN))


PAGE = Page(
    path=PATH,
    title=N_("rewards.title", "Rewards"),
    order=20,
    group="programme",
    permission="admin:points",
    load=load,
    template="rewards.html",
    actions={"save": save, "pause": pause, "begin": begin},
)
