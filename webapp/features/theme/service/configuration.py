"""Changes how a widget is shown; every change is a revision that can be taken back."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from webapp.core import discovery, i18n
from webapp.core.cache import content_tag, theme_tag
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, NOT_FOUND, AppError
from webapp.core.messages import shown
from webapp.features.theme.messages import (
    TEST_RUNNING,
    ConfigureTheme,
    ThemeConfigured,
    WidgetConfig,
)
from webapp.features.theme.queries.configuration import configuration_of
from webapp.features.theme.queries.experiments import running
from webapp.features.theme.service.previewing import preview
from webapp.features.theme.service.publishing import compact, publish

THEME_EXTENSION_CONFIGURED = "theme_extension_configured"


def configure_theme(ctx: Context, message: ConfigureTheme) -> ThemeConfigured:
    """Save a widget's configuration, and show what it looks like in the language of `ctx`. Raises
    AppError: invalid_value with the name of the field, and test_running."""
    wanted = message.theme_extension_config
    revision = save_widget(ctx, wanted)
    return ThemeConfigured(preview(ctx.locale, wanted, revision))


def save_widget(ctx: Context, wanted: WidgetConfig) -> int:
    """The revision in which the widget is configured so: a new one, or the last when nothing
    changes. The stores are told in any case, which mends what somebody changed there by hand.
    Raises AppError: invalid_value with the name of the field, and test_running."""
    check(wanted)
    _refuse_while_tested(ctx, wanted.widget)
    current, last = _locked(ctx)
    entry = compact(wanted)
    if current.get(wanted.widget) != entry:
        last = _write(ctx, {**current, wanted.widget: entry}, last + 1, wanted.widget, None)
    _tell(ctx, wanted.widget, entry, last)
    return last


def undo(ctx: Context, number: int) -> int:
    """Give the widget that revision `number` changed the configuration that it had before; a new
    revision. Raises AppError: not_found, test_running."""
    current, last = _locked(ctx)
    undone = configuration_of(ctx, number)
    if undone is None:
        raise AppError(NOT_FOUND)
    before = configuration_of(ctx, number - 1)
    widget = undone.widget
    _refuse_while_tested(ctx, widget)
    earlier = before.configuration.get(widget) if before else None
    wanted = {name: entry for name, entry in current.items() if name != widget}
    if earlier is not None:
        wanted[widget] = earlier
    if wanted != current:
        last = _write(ctx, wanted, last + 1, widget, number)
    _tell(ctx, widget, wanted.get(widget, {}), last, undoes=number)
    return last


def check(wanted: WidgetConfig) -> None:
    """Raises AppError(invalid_value) for a widget or a language that there is not."""
    if wanted.widget not in discovery.widget_names():
        raise _invalid("widget", wanted.widget)
    for tag in wanted.texts:
        if tag not in i18n.LOCALES:
            raise _invalid("texts", tag)


def _refuse_while_tested(ctx: Context, widget: str) -> None:
    if running(ctx, widget) is not None:
        raise AppError(TEST_RUNNING)


def _invalid(field: str, value: str) -> AppError:
    path = f"theme_extension_config.{field}"
    return AppError(INVALID_VALUE, field=path, value=shown(path, value))


def _locked(ctx: Context) -> tuple[Mapping[str, Any], int]:
    """The configuration and its revision, which nobody else changes until this commits."""
    row = ctx.db.execute(_LOCK, {"merchant_id": ctx.merchant_id}).one()
    return row.theme_extension_config, row.revision


def _write(
    ctx: Context,
    configuration: Mapping[str, Any],
    revision: int,
    widget: str,
    undoes: int | None,
) -> int:
    values = {
        "merchant_id": ctx.merchant_id,
        "configuration": json.dumps(configuration),
        "revision": revision,
        "widget": widget,
        "undoes": undoes,
        "actor_kind": ctx.actor.kind,
        "actor_id": ctx.actor.id,
        "wall": ctx.wall,
    }
    ctx.db.execute(_SAVE, values)
    ctx.db.execute(_RECORD, values)
    return revision


def _tell(ctx: Context, widget: str, entry: Mapping[str, Any], revision: int, **more: int) -> None:
    """The audit log, the product events, whoever keeps what it was made of, and the stores."""
    said = {"widget": widget, "placement": str(entry.get("placement", ""))}
    ctx.audit(THEME_EXTENSION_CONFIGURED, **said, revision=revision, **more)
    ctx.track(THEME_EXTENSION_CONFIGURED, **said)
    for tag in i18n.LOCALES:
        ctx.stale(theme_tag(ctx.merchant_id, tag), content_tag(ctx.merchant_id, tag))
    publish(ctx)


_LOCK = text(
    """
    insert into program_settings (merchant_id, theme_extension_config)
    values (:merchant_id, '{}')
    on conflict (merchant_id) do update
    set theme_extension_config = program_settings.theme_extension_config
    returning theme_extension_config, (
        select coalesce(max(revision), 0) from theme_configurations
        where merchant_id = :merchant_id
    ) as revision
    """
)
_SAVE = text(
    """
    update program_settings set theme_extension_config = cast(:configuration as jsonb)
    where merchant_id = :merchant_id
    """
)
_RECORD = text(
    """
    insert into theme_configurations (merchant_id, revision, configuration, widget, undoes,
        actor_kind, actor_id, created_at)
    values (:merchant_id, :revision, cast(:configuration as jsonb), :widget, :undoes,
        :actor_kind, :actor_id, :wall)
    """
)
