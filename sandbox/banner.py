"""The text that `make run` prints when everything is ready."""

from clients import sample
from sandbox.run_settings import HOST, RunSettings, log_of, shown, traces_of

RULE = "─" * 100

READY = """
{rule}
  Bleep is ready.

  Admin       http://{host}:{port}/admin/   {login}
  API docs    http://{host}:{port}/docs
  {aws}
  Logs        {log}   `make logs` follows it
  Traces      {traces}

{demo}

  Ctrl-C stops everything. The data stays in {data}; `make reset` clears it.
{rule}
"""

WITH_DEMO = """\
  Send an alert (paste it into another terminal):

{command}

  One of High priority wants an answer. C-1's telephone rings on the page of handsets: answer it there, press 1 to hear
  the alert, and 1 to accept it or 2 to decline. Or reject it, let it ring, or let a voicemail pick up: within {wait}
  seconds it goes on to C-2, and then Home says that nobody has taken it on. An SMS (M) to C-2 can be replied to, and an
  e-mail (L) to C-2 has a link to answer on.

{high}

  WARNING: local mode. The token and the login above are public, so it listens on {host} only. Never open it
  to a network, and never enter real people or patients.\
"""
WITHOUT_DEMO = """\
  The database is your own (DATABASE_URL), so the demo, with its public token and login, was not loaded.
  Make your own in another terminal with the same DATABASE_URL:

export SECRET_KEY=for-these-two-commands-only REDIS_URL=redis://localhost
.venv/bin/python manage.py createsuperuser
.venv/bin/python manage.py create_token "Lab system"

  WARNING: local mode, over plain http, so it listens on {host} only. Never open it to a network.\
"""


def banner(settings: RunSettings) -> str:
    """The text that `make run` prints when everything is ready."""
    aws = f"Handsets    http://{HOST}:{settings.ports.aws}/   the clinicians' phones and inboxes"
    if not settings.embeds("AWS_ENDPOINT_URL"):
        aws = f"AWS         {settings.caller_env.get('AWS_ENDPOINT_URL')} (AWS_ENDPOINT_URL)"
    url = f"http://{HOST}:{settings.ports.door}/notification"
    with_demo = WITH_DEMO.format(
        command=sample.command(url),
        high=sample.command(url, message_id="124", priority="H"),
        wait=settings.caller_env.get("DEMO_WAIT_SECONDS") or "120",
        host=HOST,
    )
    return READY.format(
        rule=RULE,
        host=HOST,
        port=settings.ports.door,
        login="login admin, password admin" if settings.has_demo else "see below",
        aws=aws,
        demo=with_demo if settings.has_demo else WITHOUT_DEMO.format(host=HOST),
        data=shown(settings.data),
        log=shown(log_of(settings.data)),
        traces=_traces(settings),
    )


def _traces(settings: RunSettings) -> str:
    if settings.traces:
        return f"{shown(traces_of(settings.data))}   `make trace` draws that of the newest alert"
    if settings.caller_env.get("TRACES"):
        return f"{settings.caller_env['TRACES']} (TRACES)"
    return "off; `make run ARGS=--traces` keeps them"
