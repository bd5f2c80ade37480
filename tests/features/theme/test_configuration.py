"""Configurations of widgets: what is taken, what is kept, and how a step is taken back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.factories import Tenant, make_tenant
from webapp.core.colours import BLACK, TEXT_CONTRAST, WHITE, contrast, readable
from webapp.core.context import Context
from webapp.core.errors import AppError
from webapp.core.messages import decode
from webapp.features.theme import service
from webapp.features.theme.messages import ConfigureTheme, WidgetConfig
from webapp.features.theme.queries.configuration import configured, history
from webapp.features.theme.service.publishing import published_entry
from webapp.parts import Parts

colours = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")
SPECIFIED = {"widget": "rewards_panel", "placement": "cart_page"}


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


def config(**said: Any) -> WidgetConfig:
    return decode(WidgetConfig, {**SPECIFIED, **said})


def stored(ctx: Context) -> Any:
    sql = "select theme_extension_config from program_settings where merchant_id = :m"
    return ctx.db.scalar(text(sql), {"m": ctx.merchant_id})


def test_the_specified_configuration_is_kept_as_specified(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        answer = service.configure_theme(ctx, ConfigureTheme(ctx.merchant_id, config()))
        assert stored(ctx) == {"rewards_panel": SPECIFIED}
        assert answer.preview.placement == "cart_page"
        assert 'class="ln-' in answer.preview.html
        actions = ctx.db.execute(text("select action, metadata from audit_logs")).all()
    said = {"widget": "rewards_panel", "placement": "cart_page", "revision": 1}
    assert ("theme_extension_configured", said) in [tuple(row) for row in actions]


def test_saving_the_same_again_changes_nothing(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert [service.save_widget(ctx, config()) for _ in range(3)] == [1, 1, 1]
        assert len(history(ctx)) == 1


def test_a_step_in_the_middle_can_be_taken_back(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        service.save_widget(ctx, config(accent="#112233"))
        service.save_widget(ctx, config(accent="#445566"))
        service.save_widget(ctx, config(widget="points_display"))
        assert service.undo(ctx, 2) == 4
        assert configured(ctx)["rewards_panel"].accent == "#112233"
        assert "points_display" in configured(ctx)
        assert service.undo(ctx, 1) == 5
        assert set(configured(ctx)) == {"points_display"}


def test_an_undo_can_be_undone(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        service.save_widget(ctx, config(accent="#112233"))
        service.undo(ctx, 1)
        service.undo(ctx, 2)
        assert configured(ctx)["rewards_panel"].accent == "#112233"


def test_a_revision_that_is_not_there_is_not_found(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx, pytest.raises(AppError) as refused:
        service.undo(ctx, 7)
    assert refused.value.kind.code == "not_found"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"widget": "clock"}, "theme_extension_config.widget"),
        ({"texts": {"xx": {"heading": "Hi"}}}, "theme_extension_config.texts"),
    ],
)
def test_what_there_is_not_is_refused(
    held: Parts, tenant: Tenant, said: dict[str, Any], field: str
) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx, pytest.raises(AppError) as refused:
        service.save_widget(ctx, config(**said))
    assert refused.value.values["field"] == field


@pytest.mark.parametrize(
    "said",
    [
        {"accent": "red"},
        {"accent": "#12345"},
        {"placement": "moon"},
        {"texts": {"ja": {"heading": " "}}},
        {"texts": {"ja": {"heading": "x" * 81}}},
        {"colour": "#112233"},
    ],
)
def test_a_wrong_shape_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(AppError) as refused:
        config(**said)
    assert refused.value.kind.http == 422


@given(colours, colours)
def test_text_can_be_read_whatever_is_chosen(text_colour: str, background: str) -> None:
    chosen = readable(text_colour, background)
    assert contrast(chosen, background) >= TEXT_CONTRAST
    assert chosen in (text_colour, BLACK, WHITE)
    assert contrast(text_colour, background) == contrast(background, text_colour)


def test_contrast_as_wcag_counts_it() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.005)


def test_stores_are_told_texts_in_both_kinds_of_portuguese() -> None:
    entry = published_entry(config(texts={"pt": {"heading": "Pontos"}}, background="#ffffff"))
    assert set(entry["texts"]) == {"pt-BR", "pt-PT"}
    assert entry["text"] == BLACK


def test_colours_that_can_hardly_be_read_are_warned_of(held: Parts, tenant: Tenant) -> None:
    wanted = config(background="#ffffff", text="#aaaaaa", accent="#eeeeee")
    with held.database.transaction(tenant.merchant_id) as ctx:
        warned = service.configure_theme(
            ctx, ConfigureTheme(ctx.merchant_id, wanted)
        ).preview.warnings
    assert [one.code for one in warned] == ["contrast_text", "contrast_accent"]
    assert "2.3:1" in warned[0].message
