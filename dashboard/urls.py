"""The addresses of the pages, and below them those of the API."""

from django.urls import URLPattern, URLResolver, include, path

from dashboard.views import assay, export, health, overview, session, switch

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("health/", health.health, name="health"),
    path("assays/<uuid:pk>/", assay.assay, name="assay"),
    path("assays/<uuid:pk>/figure.json", assay.figure, name="figure"),
    path("assays/<uuid:pk>/windows.csv", export.as_csv, name="export-csv"),
    path("assays/<uuid:pk>/results.json", export.as_json, name="export-json"),
    path("assays/<uuid:pk>/switch/", switch.switch, name="switch"),
    path("assays/<uuid:pk>/switch/outcome/", switch.outcome, name="switch-outcome"),
    path("sign-in/", session.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:token>/", session.sign_in_link, name="sign-in-link"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("preferences/", session.prefer, name="preferences"),
    path("", include("dashboard.api.urls")),
]
