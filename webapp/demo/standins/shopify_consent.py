"""The pages and endpoints of `shopify_installs` over HTTP."""

from http import HTTPStatus

from flask import Blueprint, jsonify, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.shopify_installs import Installs, RefusedError

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><link rel="stylesheet" href="/theme/assets/base.css"></head>
<body><main class="wide"><h1>{{ title }}</h1><p>{{ text }}</p>
<form method="post">
<button class="button" name="answer" value="yes">{{ yes }}</button>
<button class="button" name="answer" value="no">{{ no }}</button>
</form></main></body></html>"""


class _Desk:
    """Answers for one `Installs`."""

    def __init__(self, installs: Installs) -> None:
        self._installs = installs

    def token(self, shop: str) -> ResponseReturnValue:
        asked = request.get_json(silent=True) or request.form.to_dict()
        try:
            return jsonify(self._installs.grant(shop, asked))
        except RefusedError as refused:
            return jsonify(error=str(refused)), HTTPStatus.BAD_REQUEST

    def authorize(self, shop: str) -> ResponseReturnValue:
        if request.method == "GET" and "grant_options[]" not in request.args:
            title, text = "Install LoyalNest?", f"Rights: {request.args.get('scope', '')}"
            return _ask(title, text, "Install", "Cancel")
        if request.form.get("answer") == "no":
            return redirect("/demo")
        try:
            return redirect(self._installs.agree_url(shop, request.args.to_dict()))
        except RefusedError as refused:
            return jsonify(error=str(refused)), HTTPStatus.BAD_REQUEST

    def charge(self, shop: str, number: int) -> ResponseReturnValue:
        try:
            found = self._installs.of_number(shop, number)
        except GraphQLError as error:
            return jsonify(error=str(error)), HTTPStatus.NOT_FOUND
        if request.method == "GET":
            text = "A test charge: nothing is paid." if found.test else "Billed every 30 days."
            return _ask(f"Approve {found.name}?", text, "Approve", "Decline")
        agreed = request.form.get("answer") == "yes"
        return redirect(self._installs.decide(found, agreed=agreed))

    def uninstall(self, shop: str) -> ResponseReturnValue:
        self._installs.uninstall(shop)
        return jsonify(uninstalled=shop)


def _ask(title: str, text: str, yes: str, no: str) -> str:
    return render_template_string(_PAGE, title=title, text=text, yes=yes, no=no)


def create_blueprint(installs: Installs) -> Blueprint:
    """The token endpoint, the page that asks for rights, and the one that asks for money."""
    blueprint, desk = (
        Blueprint("shopify_installs", __name__, url_prefix="/standin"),
        _Desk(installs),
    )
    asked = ["GET", "POST"]
    blueprint.add_url_rule(
        "/<shop>/admin/oauth/access_token", "token", desk.token, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/<shop>/admin/oauth/authorize", "authorize", desk.authorize, methods=asked
    )
    blueprint.add_url_rule("/<shop>/charges/<int:number>", "charge", desk.charge, methods=asked)
    blueprint.add_url_rule("/<shop>/uninstall", "uninstall", desk.uninstall, methods=["POST"])
    return blueprint
