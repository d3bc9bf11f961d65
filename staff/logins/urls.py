"""The URLs of logins, below `/admin/account/`: our own, and those of allauth's pages that Bleep uses."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import path
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView

from staff.logins.pages import FactorView, in_site, log_out_everywhere, own, prove_by_sign_on, sign_on

urlpatterns = [
    path("", in_site(own), name="own_login"),
    path("log-out-everywhere/", log_out_everywhere, name="log_out_everywhere"),
    path("sign-on/prove/", in_site(prove_by_sign_on), name="prove_by_sign_on"),
    path("login/", RedirectView.as_view(pattern_name="admin:login", query_string=True), name="account_login"),
    path("logout/", require_POST(account.logout), name="account_logout"),
    path("inactive/", in_site(account.account_inactive), name="account_inactive"),
    path("prove/", in_site(account.reauthenticate), name="account_reauthenticate"),
    path("factors/", in_site(mfa.index), name="mfa_index"),
    path("factors/show/", in_site(FactorView.as_view()), name="mfa_authenticate"),
    path("factors/prove/", in_site(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("factors/app/", in_site(totp.activate_totp), name="mfa_activate_totp"),
    path("factors/app/remove/", in_site(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("factors/codes/", in_site(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("factors/codes/new/", in_site(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("factors/codes/file/", in_site(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("factors/keys/", in_site(keys.list_webauthn), name="mfa_list_webauthn"),
    path("factors/keys/add/", in_site(keys.add_webauthn), name="mfa_add_webauthn"),
    path("factors/keys/prove/", in_site(keys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("factors/keys/<int:pk>/", in_site(keys.edit_webauthn), name="mfa_edit_webauthn"),
    path("factors/keys/<int:pk>/remove/", in_site(keys.remove_webauthn), name="mfa_remove_webauthn"),
    path("sign-on/<provider_id>/", sign_on, name="openid_connect_login"),
    path("sign-on/<provider_id>/back/", oidc.callback, name="openid_connect_callback"),
]
