"""What LoyalNest's processes log, and what they never do.

No code logs a secret or the address of a shopper; the tests read every line of their run. The
formatter is the net below that: whatever looks like one is struck out, also in the traceback of
somebody else's library.
"""

import logging
import re
from typing import TextIO

FORMAT = "%(asctime)s %(levelname)s %(message)s"
STRUCK_OUT = "[struck out]"
_SECRETS = (
    r"\b(?:lnk_|shp[a-z]{2,3}_|phc_|phx_|xox[a-z]-|xapp-|xai-|sk_)[\w-]{8,}",
    r"\bpk_[0-9a-f]{8,}\b",
    r"(?<=token=)[^\s&\"']+",
    r"(?<=Bearer )\S+",
)
_ADDRESSES = (
    # Bounded, because without an @ every character would begin the search anew.
    r"[\w.+%-]{1,64}@(?:[\w-]+\.)+[a-zA-Z]{2,}\b",
    r"(?<![\w.+])\+[1-9]\d{7,14}\b",
)
_UNWANTED = re.compile("|".join((*_SECRETS, *_ADDRESSES)))


def strike_out(text: str) -> str:
    """A text without keys, tokens, e-mail addresses and telephone numbers."""
    return _UNWANTED.sub(STRUCK_OUT, text)


class Discreet(logging.Formatter):
    """A formatter that strikes out keys, tokens, e-mail addresses and telephone numbers."""

    def format(self, record: logging.LogRecord) -> str:
        return strike_out(super().format(record))


def configure(stream: TextIO | None = None, form: str = FORMAT) -> None:
    """Log to `stream` (standard error) from INFO on; libraries only as `set_levels` says."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    set_levels()


def set_levels() -> None:
    """Keep libraries from logging the addresses they call, for those may carry keys."""
    for name in ("httpx", "httpcore", "urllib3", "botocore", "werkzeug"):
        logging.getLogger(name).setLevel(logging.WARNING)
