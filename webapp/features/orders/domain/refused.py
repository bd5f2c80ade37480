"""Why a line of a file, or an order that is told, is not taken."""


class RefusedLineError(Exception):
    """A line that cannot be taken: `code` for programs, the reason for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SkippedLineError(Exception):
    """A line that is right but holds nothing to take, e.g. a test order."""
