"""The page of requests in the name of privacy: what customers want to know, until when, and what
was erased. A record is made when it is asked for, shown once and kept nowhere."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.features.orders import queries, service
from webapp.features.orders.messages import RequestShown

PATH = "privacy"
KINDS = {
    "data_request": N_("privacy.kind.data_request", "Wants to know what is held"),
    "customer_redact": N_("privacy.kind.customer_redact", "A customer was erased"),
    "shop_redact": N_("privacy.kind.shop_redact", "All customers of the store were erased"),
}
ANSWERED = N_("privacy.answered", "The request is marked as answered.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    found = queries.requests(ctx)
    return {
        "requests": [shown(ctx, one) for one in found],
        "open": sum(one.done_at is None for one in found),
    }


def shown(ctx: Context, one: RequestShown) -> dict[str, Any]:
    """A request as the template wants it."""
    return {
        **asdict(one),
        "kind_name": i18n.text(ctx.locale, *KINDS[one.kind]),
        "overdue": one.done_at is None and one.due_at < ctx.wall,
    }


def show_record(ctx: Context, form: Form) -> Done:
    """Show what is held of the customer who asks, to be read and downloaded."""
    request_id = form.one("request")
    record = queries.record_of(ctx, request_id)
    if record is None:
        raise AppError(INVALID_VALUE, field="request", value=request_id[:60])
    ctx.audit("data_request_read", request_id=request_id)
    written = json.dumps(record, ensure_ascii=False, indent=2)
    download = base64.b64encode(written.encode()).decode()
    return Done(show={"record": written, "download": download, "record_of": request_id})


def mark_answered(ctx: Context, form: Form) -> Done:
    service.answer_request(ctx, form.one("request"))
    return Done(i18n.text(ctx.locale, *ANSWERED))


PAGE = Page(
    path=PATH,
    title=N_("privacy.title", "Privacy requests"),
    order=70,
    group="connections",
    permission="admin:settings",
    load=load,
    template="privacy.html",
    actions={"record": show_record, "answered": mark_answered},
)
