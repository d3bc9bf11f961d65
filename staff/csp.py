"""The Content-Security-Policy: what a browser may load and run on each page."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from alerts.api import transport
from alerts.monitoring.probes import with_headers


class ContentSecurityPolicy(CSPMiddleware):
    """Adds to `CONTENT_SECURITY_POLICY` the exceptions of the admin's pages. The API's answers have the headers of
    data.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not transport.is_api(request.path_info):
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not transport.is_api(request.path_info):
            return super().process_response(request, response)
        return with_headers(response)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - the base class's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        match = request.resolver_match
        if not report_only and match and match.route.startswith("admin/"):
            parts.update = {**settings.CONTENT_SECURITY_POLICY_OF_ADMIN, **(parts.update or {})}
        return parts
