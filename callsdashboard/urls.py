"""Addresses outside the calls application: the admin site."""

from django.contrib import admin
from django.urls import include, path

from calls.admin.accounts import change_own_password
from calls.entra_view import admin_sign_in

handler400 = "calls.turned_away.bad_request"
handler404 = "calls.turned_away.not_found"
handler500 = "calls.outages.failed"
urlpatterns = [
    path("admin/login/", admin_sign_in),
    path("admin/password_change/", change_own_password),
    path("admin/", admin.site.urls),
    path("", include("calls.urls")),
]
