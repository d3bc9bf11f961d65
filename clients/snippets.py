"""A first request with a new token, in the languages that hospital systems are written in. Needs no Django."""

import json
import uuid
from typing import NamedTuple

from clients import sample


class Snippet(NamedTuple):
    """A whole program. `language` is a heading."""

    language: str
    code: str


def sending(url: str, token: str) -> list[Snippet]:
    """Programs that send an alert. Each has a message ID of its own: a repeat would send nothing."""
    return [
        Snippet("curl", sample.command(url, token=f"Bearer {token}", message_id=_fresh_id())),
        Snippet("PowerShell", _POWERSHELL_SEND.format(url=url, token=token, fields=_aligned("  {} = '{}'"))),
        Snippet("Python", _PYTHON_SEND.format(url=url, token=token, fields=json.dumps(_alert(), indent=4))),
        Snippet("C#", _CSHARP_SEND.format(url=url, token=token, fields=_aligned('    {} = "{}",'))),
    ]


def listing(url: str, token: str) -> list[Snippet]:
    """Programs that list the client's own alerts, for tokens that may only read."""
    return [
        Snippet("curl", sample.list_command(url, token=f"Bearer {token}")),
        Snippet("PowerShell", _POWERSHELL_LIST.format(url=url, token=token)),
        Snippet("Python", _PYTHON_LIST.format(url=url, token=token)),
        Snippet("C#", _CSHARP_LIST.format(url=url, token=token)),
    ]


def _fresh_id() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


def _alert() -> dict[str, str]:
    return {**sample.ALERT, "message_id": _fresh_id()}


def _aligned(line: str) -> str:
    return "\n".join(line.format(name.ljust(11), value) for name, value in _alert().items())


_POWERSHELL_SEND = """\
$alert = @{{
{fields}
}} | ConvertTo-Json
try {{
  Invoke-RestMethod -Method Post -Uri '{url}' `
    -Headers @{{ Authorization = 'Bearer {token}' }} `
    -ContentType 'application/json; charset=utf-8' `
    -Body ([Text.Encoding]::UTF8.GetBytes($alert)) -TimeoutSec 15
}} catch {{
  Write-Error "$_ $($_.ErrorDetails.Message)"
}}"""

_POWERSHELL_LIST = """\
Invoke-RestMethod -Uri '{url}' -Headers @{{ Authorization = 'Bearer {token}' }} -TimeoutSec 15"""

_PYTHON_SEND = """\
import json
import urllib.error
import urllib.request

alert = {fields}
request = urllib.request.Request(
    "{url}",
    data=json.dumps(alert).encode(),
    headers={{
        "Authorization": "Bearer {token}",
        "Content-Type": "application/json",
    }},
)
try:
    with urllib.request.urlopen(request, timeout=15) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())"""

_PYTHON_LIST = """\
import urllib.error
import urllib.request

request = urllib.request.Request(
    "{url}", headers={{"Authorization": "Bearer {token}"}}
)
try:
    with urllib.request.urlopen(request, timeout=15) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())"""

_CSHARP_SEND = """\
using System;
using System.Net.Http;
using System.Text;
using System.Text.Json;

using var http = new HttpClient {{ Timeout = TimeSpan.FromSeconds(15) }};
using var request = new HttpRequestMessage(HttpMethod.Post, "{url}");
request.Headers.TryAddWithoutValidation("Authorization", "Bearer {token}");
var alert = new
{{
{fields}
}};
request.Content = new StringContent(JsonSerializer.Serialize(alert), Encoding.UTF8, "application/json");
using var answer = await http.SendAsync(request);
Console.WriteLine($"{{(int)answer.StatusCode}} {{await answer.Content.ReadAsStringAsync()}}");"""

_CSHARP_LIST = """\
using System;
using System.Net.Http;

using var http = new HttpClient {{ Timeout = TimeSpan.FromSeconds(15) }};
using var request = new HttpRequestMessage(HttpMethod.Get, "{url}");
request.Headers.TryAddWithoutValidation("Authorization", "Bearer {token}");
using var answer = await http.SendAsync(request);
Console.WriteLine($"{{(int)answer.StatusCode}} {{await answer.Content.ReadAsStringAsync()}}");"""
