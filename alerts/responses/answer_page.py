"""The page that a link in a message opens: it shows the alert, and takes the answer.

Opening it changes nothing, because mail scanners and previews open links. An answer is a POST, and for High it also
needs the four digits in the message. The page needs neither a script nor another file, so that it works on an old
telephone with a bad connection.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.models import Alert, AnswerLink, ReplyCode, Response
from alerts.responses import links
from alerts.responses.respond import Answer, holder, respond
from alerts.states import AlertState, Effect, Proof, ResponseKind
from contacts.choices import Priority

STYLE = (Path(__file__).parents[1] / "templates" / "answer" / "page.css").read_text(encoding="utf-8").strip()
"""In the page itself, which needs no other file."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
KINDS = {"accept": ResponseKind.ACCEPT, "decline": ResponseKind.DECLINE}
ONCE = re.compile(r"[0-9a-f]{16}")
ENDED = (AlertState.CANCELLED, AlertState.CLOSED, AlertState.WITHDRAWN)


@dataclass(frozen=True)
class _Form:
    """The answers that can be given."""

    explanation: str
    accept: str
    """The label of the button; empty without one."""
    decline: str
    wants_code: bool
    once: str
    """The id of this opening of the page: a form that is sent twice is one answer."""


# Without a session there is no cookie that another site could misuse: anybody who has the token may answer.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the alert of a link, or take the answer. An unknown, old or closed link is a 404 that says no more."""
    link = links.find(token)
    if link is None:
        return _nothing()
    return _take(request, link) if request.method == "POST" else _show(link)


def _show(link: AnswerLink, problem: str = "", status: int = 200) -> HttpResponse:
    alert = link.delivery.alert
    if alert.state in ENDED:
        return _nothing()
    title = "An alert for you"
    form = None
    if link.delivery.wants_answer:
        title = _who_has_it(link) or "Can you take this alert on?"
        form = _form(link)
    return _page(title=title, link=link, form=form, problem=problem, status=status)


def _take(request: HttpRequest, link: AnswerLink) -> HttpResponse:
    kind, once = KINDS.get(request.POST.get("answer", "")), request.POST.get("once", "")
    if kind is None or not ONCE.fullmatch(once) or not link.delivery.wants_answer:
        return _show(link, problem="Nothing was recorded. Please choose again.", status=400)
    if _wants_code(link):
        given = "".join(request.POST.get("code", "").split())
        if not links.is_right(link, given, _code(link)):
            return _wrong_code(link)
    response = respond(
        link.delivery.engagement_id,  # type: ignore[arg-type]  # what wants an answer has one
        Answer(kind=kind, proof=Proof.LINK, evidence=f"{link.pk}:{once}", delivery=link.delivery),
    )
    return _page(title="Your answer", link=link, said=_said(link, response))


def _wrong_code(link: AnswerLink) -> HttpResponse:
    link.refresh_from_db(fields=["wrong_codes"])
    left = links.MOST_WRONG - link.wrong_codes
    if left <= 0:
        return _nothing()
    more = "once more" if left == 1 else f"{left} times more"
    problem = f"These are not the digits in your message. Nothing was recorded. You can try {more}."
    return _show(link, problem=problem, status=403)


def _said(link: AnswerLink, response: Response) -> str:
    match Effect(response.effect):
        case Effect.APPLIED if response.kind == ResponseKind.ACCEPT:
            return "Recorded: you have taken this alert on."
        case Effect.APPLIED:
            return "Recorded: you cannot take this alert on."
        case Effect.ALREADY_TAKEN:
            return _who_has_it(link) or "Somebody else has taken this alert on."
        case _:
            return "Too late: this alert has ended. You need not do anything."


def _who_has_it(link: AnswerLink) -> str:
    """The sentence that says who has the alert; empty if nobody has it."""
    held = holder(link.delivery.alert)
    if held is None:
        return ""
    if held.clinician_id == link.delivery.clinician_id:
        return "You have taken this alert on."
    return f"Already taken on by {held.clinician.name}. You need not do anything."


def _form(link: AnswerLink) -> _Form | None:
    """The form; None if somebody else has the alert."""
    held = holder(link.delivery.alert)
    once, wants_code = secrets.token_hex(8), _wants_code(link)
    if held is None:
        explanation = (
            "If you accept, nobody else is asked. If you cannot, say so: then the next person need not wait."
        )
        return _Form(explanation, "I accept", "I cannot", wants_code, once)
    if held.clinician_id != link.delivery.clinician_id:
        return None
    return _Form("If you cannot after all, give it back.", "", "Give it back", wants_code, once)


def _wants_code(link: AnswerLink) -> bool:
    return link.delivery.priority == Priority.HIGH


def _code(link: AnswerLink) -> str:
    """The digits in the messages to this address. If there are none, this is empty, and no digits are right."""
    codes = ReplyCode.objects.filter(
        engagement=link.delivery.engagement_id, address=link.delivery.address, released_at=None
    )
    return codes.values_list("code", flat=True).first() or ""


def _page(
    *,
    title: str,
    link: AnswerLink,
    said: str = "",
    form: _Form | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    alert: Alert | None = None if said else link.delivery.alert
    person = link.delivery.clinician.name
    context = {
        "title": title,
        "said": said,
        "alert": alert,
        "person": person,
        "form": form,
        "problem": problem,
    }
    return _response(context, status)


def _nothing() -> HttpResponse:
    said = (
        "There is nothing here, or no longer. If you wanted to answer an alert, please do so in another way."
    )
    return _response({"title": "Nothing here", "problem": said}, 404)


def _response(context: Mapping[str, object], status: int) -> HttpResponse:
    # Rendered without the request, so that no template asks for a session or a CSRF cookie.
    body = render_to_string("answer/page.html", {**context, "style": STYLE})
    return HttpResponse(body, status=status, headers=HEADERS)
