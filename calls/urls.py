"""Addresses of the dashboard."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.i18n import JavaScriptCatalog

from calls.web import probes
from calls.web.actions import let_pass, note, reject
from calls.web.pages import board, call, history, preferences, sign_in

urlpatterns = [
    path("", board.board, name="board"),
    path("calls/", history.history, name="history"),
    path("calls/reject/", reject.reject_many, name="reject_many"),
    path("calls/<uuid:public_id>/", call.call, name="call"),
    path("calls/<uuid:public_id>/reject/", reject.reject, name="reject"),
    path("calls/<uuid:public_id>/pass/", let_pass.let_pass, name="let_pass"),
    path("calls/<uuid:public_id>/note/", note.note, name="note"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("accounts/login/", sign_in.SignInPage.as_view(redirect_authenticated_user=False), name="login"),
    path("accounts/entra/", sign_in.begin, name="entra"),
    path("accounts/entra/callback/", sign_in.callback, name="entra_callback"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("jsi18n/", JavaScriptCatalog.as_view(packages=["calls"]), name="jsi18n"),
    path("i18n/", preferences.set_language, name="set_language"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
]
