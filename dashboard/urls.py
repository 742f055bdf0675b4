"""The addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from dashboard.views import overview, session

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("sign-in/", session.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:token>/", session.sign_in_link, name="sign-in-link"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("preferences/", session.prefer, name="preferences"),
]
