"""The WSGI application, as a server loads it."""

from webapp.app import create_app
from webapp.core.config import Settings
from webapp.parts import build

app = create_app(build(Settings.from_env()))
