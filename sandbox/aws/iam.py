"""IAM's simulation of policies. The stand-in has no policies and refuses nobody, so everything is allowed."""

from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

_ACTION = "ActionNames.member."


def simulate(request: Request) -> Response:
    """The result for each action."""
    actions = [value for name, value in request.form.items() if name.startswith(_ACTION)]
    results = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalDecision>allowed</EvalDecision></member>"
        for action in actions
    )
    body = (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        "<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        f"<EvaluationResults>{results}</EvaluationResults>"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )
    return Response(body, content_type="text/xml")
