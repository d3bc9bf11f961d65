"""`/intake-check`: a health check sends a test alert through the whole intake."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import intake
from alerts.api.serializers import new_alert
from alerts.monitoring import front_door


class IsHealthCheck(BasePermission):
    """Bleep's own processes, which know its SECRET_KEY."""

    message = "Only Bleep's own health checks may ask this. Do all its parts have the same SECRET_KEY?"

    def has_permission(self, request: Request, view: Any) -> bool:
        return front_door.is_health_check(request.headers.get("Authorization", ""))


class IntakeCheckView(APIView):
    """Take an alert, and roll everything back."""

    authentication_classes = ()
    permission_classes = (IsHealthCheck,)
    throttle_classes = ()
    schema = None

    def post(self, request: Request) -> Response:
        """204 if an alert with this content would have been stored."""
        intake.rehearse(new_alert(request.data))
        return Response(status=204)
