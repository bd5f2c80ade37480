"""The WSGI application, as a server loads it."""

from webapp.app import create_app
from webapp.core import logs
from webapp.core.config import Settings
from webapp.parts import build

logs.configure()
app = create_app(build(Settings.from_env()))
