"""The engine for a WSGI server: `gunicorn engine.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "engine.settings"
application = get_wsgi_application()
