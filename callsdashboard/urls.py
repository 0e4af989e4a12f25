"""Root URL configuration: the admin site, the calls application, and the error handlers."""

from django.contrib import admin
from django.urls import include, path

from calls.admin.accounts import change_own_password
from calls.web.pages.sign_in import admin_sign_in

handler400 = "calls.web.stack.error_pages.bad_request"
handler404 = "calls.web.stack.error_pages.not_found"
handler500 = "calls.web.stack.error_pages.server_error"
urlpatterns = [
    path("admin/login/", admin_sign_in),
    path("admin/password_change/", change_own_password),
    path("admin/", admin.site.urls),
    path("", include("calls.urls")),
]
