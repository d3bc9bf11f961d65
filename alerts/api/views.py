"""`/notification`: send an alert, and get its outcome."""

from typing import Any
from urllib.parse import quote

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Length
from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import intake
from alerts.api import documentation, refusals, waiting
from alerts.api.pagination import NewestFirst
from alerts.api.response_body.alert import answer, answers, detail
from alerts.api.serializers import (
    AlertFilterSerializer,
    ParametersSerializer,
    SendingParametersSerializer,
    new_alert,
)
from alerts.api.waiting import Waited
from alerts.escalation import responsibility, withdrawal
from alerts.intake import Accepted, NewAlert
from alerts.models import Alert, Delivery
from clients import authentication
from clients.authentication import TokenAuthentication
from clients.models import ApiClient


class AlertsView(APIView):
    """Send an alert, and list the alerts that were sent."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        request: Request | None = self.request  # None while the schema is generated
        return [TokenAuthentication(remembers=request is not None and request.method == "POST")]

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(_or_of_the_token(self.request, exc))
        if self.request.method == "POST":
            refusals.enter(self.request, response)
        return response

    @documentation.SEND
    def post(self, request: Request) -> Response:
        _parameters(SendingParametersSerializer, request)
        accepted = _accept(request, new_alert(request.data))
        wanted = waiting.preferred(request.headers.get("Prefer", ""), accepted.alert)
        waited = waiting.for_outcome(accepted.alert, wanted)
        is_known = accepted.replayed or (waited is not None and waited.is_known)
        response = Response(_said(accepted, waited), status=200 if is_known else 202)
        response["Location"] = f"/notification/{quote(accepted.alert.message_id, safe='')}"
        if accepted.replayed:
            response["Idempotent-Replayed"] = "true"
        if waited:
            response["Preference-Applied"] = str(wanted)
        return response

    @documentation.LIST
    def get(self, request: Request) -> Response:
        filters = _parameters(AlertFilterSerializer, request)
        alerts = _filtered(_alerts_of(request).prefetch_related(waiting.deliveries()), filters)
        pages = NewestFirst()
        page = pages.paginate_queryset(alerts, request, view=self)
        return pages.get_paginated_response(answers(page))


class AlertView(APIView):
    """One alert and its outcome."""

    @documentation.DETAIL
    def get(self, request: Request, message_id: str, rest: str = "") -> Response:
        _parameters(ParametersSerializer, request)
        message_id += rest
        if "\x00" in message_id:
            raise Http404  # PostgreSQL would refuse the query
        with_attempts = Prefetch(
            "deliveries", Delivery.objects.filter(notice="").prefetch_related("attempts")
        )
        # A slash at the end may belong to the URL or to the message_id: try the longer message_id first.
        either = _alerts_of(request).filter(message_id__in={message_id, message_id.removesuffix("/")})
        found = either.prefetch_related(with_attempts).order_by(Length("message_id").desc()).first()
        if found is None:
            raise Http404
        return Response(detail(found))


class WithdrawalView(AlertView):
    """Withdraw an alert. GET at this address finds an alert whose message_id ends in the same way."""

    @documentation.WITHDRAW
    def post(self, request: Request, message_id: str, rest: str) -> Response:
        _parameters(ParametersSerializer, request)
        if "\x00" in message_id:
            raise Http404
        withdrawn = withdrawal.withdraw(client=_client(request), message_id=message_id)
        if withdrawn is None:
            raise Http404
        return Response(answer(withdrawn))

    @documentation.NOT_SHOWN
    def get(self, request: Request, message_id: str, rest: str = "") -> Response:
        return super().get(request, message_id, rest)


def _accept(request: Request, new: NewAlert) -> Accepted:
    token: Any = request.auth
    at_once = intake.accept_at_once(token=token, new=new)
    if at_once.accepted:
        return at_once.accepted
    if not at_once.may_send:
        authentication.confirm(request)
    return intake.accept(client=_client(request), new=new)


def _said(accepted: Accepted, waited: Waited | None) -> dict[str, Any]:
    if waited:
        return answer(waited.alert, waited.standing)
    return answer(accepted.alert, None if accepted.replayed else responsibility.of_new(accepted.engagement))


def _or_of_the_token(request: Request, error: Exception) -> Exception:
    """The response to send instead if the token no longer works.

    Not checked for 429; nor where the database failed, which would only make the client wait again; nor where intake
    has decided, because intake has checked the token.
    """
    if isinstance(error, APIException) and not isinstance(error, Throttled):
        try:
            authentication.confirm(request)
        except Exception as of_the_token:  # noqa: BLE001 - answered like any other
            return of_the_token
    return error


def _parameters(kind: type[ParametersSerializer], request: Request) -> dict[str, Any]:
    """The query parameters. A parameter that is given twice is refused, because only one of its values could count.

    They are a plain dict: in a QueryDict DRF takes an empty value for a field that was not filled in, and ignores it.
    """
    if not request.query_params:
        return {}
    given = kind(data=request.query_params.dict())
    twice = {
        name: ["This is given twice: give it once."]
        for name, values in request.query_params.lists()
        if len(values) > 1 and name in given.fields
    }
    if twice:
        raise ValidationError(twice)
    given.is_valid(raise_exception=True)
    found: dict[str, Any] = given.validated_data
    return found


def _client(request: Request) -> ApiClient:
    """The authenticated client. Permissions have refused everybody else."""
    client: Any = request.user
    assert isinstance(client, ApiClient)  # noqa: S101 - for the type checker
    return client


def _alerts_of(request: Request) -> QuerySet[Alert]:
    return Alert.objects.with_status().filter(client=_client(request))


def _filtered(alerts: QuerySet[Alert], filters: dict[str, Any]) -> QuerySet[Alert]:
    lookups = {"created_after": "created_at__gte", "created_before": "created_at__lt"}
    return alerts.filter(**{lookups.get(name, name): value for name, value in filters.items()})
