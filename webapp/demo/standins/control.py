"""How tests and the demo speak to a stand-in itself, beside the API that it imitates."""

from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.received import MOST
from webapp.demo.standins.service import Standin


def control(standin: Standin, call: Call) -> Answer:
    """`POST /_faults` takes a fault script, `POST /_keys` which credentials are revoked,
    `POST /_reset` forgets everything, `GET /_received?most=` tells what came."""
    if (call.method, call.path) == ("GET", "/_received"):
        most = call.query.get("most", "")
        summary = standin.received.summary(int(most) if most.isdigit() else MOST)
        said = {"service": standin.name, "faults": len(standin.faults)}
        return as_json({**said, **summary, **standin.more()})
    answer = standin.command(call)
    if answer is not None:
        return answer
    if call.method != "POST":
        return as_json({"error": "no such address"}, HTTPStatus.NOT_FOUND)
    if call.path == "/_faults":
        return _faults(standin, call)
    if call.path == "/_keys":
        revoked = call.members().get("revoked")
        standin.keys.revoke([str(key) for key in revoked] if isinstance(revoked, list) else [])
        return as_json({"revoked": revoked})
    if call.path == "/_reset":
        standin.reset()
        return as_json({"service": standin.name})
    return as_json({"error": "no such address"}, HTTPStatus.NOT_FOUND)


def _faults(standin: Standin, call: Call) -> Answer:
    try:
        return as_json({"faults": standin.faults.replace(call.json())})
    except ValueError as error:
        return as_json({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
