"""Addresses of the dashboard."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.i18n import JavaScriptCatalog

from calls import entra_view, note_view, pass_view, preferences_view, probes, reject_view, views

urlpatterns = [
    path("", views.board, name="board"),
    path("calls/", views.history, name="history"),
    path("calls/reject/", reject_view.reject_many, name="reject_many"),
    path("calls/<uuid:key>/", views.call, name="call"),
    path("calls/<uuid:key>/reject/", reject_view.reject, name="reject"),
    path("calls/<uuid:key>/pass/", pass_view.let_pass, name="let_pass"),
    path("calls/<uuid:key>/note/", note_view.note, name="note"),
    path("preferences/", preferences_view.preferences, name="preferences"),
    path("accounts/login/", entra_view.SignInPage.as_view(redirect_authenticated_user=False), name="login"),
    path("accounts/entra/", entra_view.begin, name="entra"),
    path("accounts/entra/callback/", entra_view.callback, name="entra_callback"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("jsi18n/", JavaScriptCatalog.as_view(packages=["calls"]), name="jsi18n"),
    path("i18n/", preferences_view.set_language, name="set_language"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
]
