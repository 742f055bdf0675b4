"""The dashboard as a WSGI application."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()

gc.collect()
gc.freeze()  # what is loaded for good need not be walked again in the middle of somebody's page
