"""A local stand-in for AWS, so that Bleep runs with stock boto3 and no account, and a page with handsets.

moto answers for SNS and SQS; this package adds Amazon Connect's outbound calls. A call with `Answer=wanted` among its
attributes rings until a person does something; any other is picked up and over at once. Point boto3 at it with
AWS_ENDPOINT_URL, any credentials and any Region. It is for development and tests only: it listens on loopback and
checks no credentials.

| path | purpose |
| --- | --- |
| `GET /` | the handsets, in a browser |
| `GET /messages?limit=` | received messages, newest first, and calls that ring; `missed=true` adds unanswered calls |
| `GET /messages?find=&before=` | those with a number, address or text, before an id; `Total-Count` counts them |
| `DELETE /messages` | delete the messages and replies, and stop the calls under way |
| `POST /handset/answer` | `{"number", "keys": "11"}` answers what rings, presses a key after each prompt, then none |
| `POST /handset/answer` | without `keys`: the call goes on, for `POST /calls/<contact id>/keys` with `{"keys": "1"}` |
| `POST /handset/reject`, `POST /handset/hang-up` | `{"number"}` rejects what rings; ends what was answered |
| `POST /handset/voicemail` | `{"number", "on": true}`: a voicemail picks up, and says nothing |
| `POST /handset/reply` | `{"number", "text": "1 4821"}`: a reply to an SMS, which is put into the queue of replies |
| `POST /handset/reply` | with a text that begins with STOP: the number gets no SMS any more, until it replies START |
| `GET /handset` | the numbers with a voicemail, those that opted out, and the replies |
| `POST /faults`, `GET /faults`, `DELETE /faults` | add a fault, list them, delete them (`faults.py`) |
| `GET /subscriptions` | list subscriptions; `pending=true`: only unconfirmed ones |
| `POST /subscriptions/confirm` | confirm, as the link in the confirmation e-mail does |
| `GET /healthz` | up |

As a command: `python -m sandbox.aws --port 8001`. In a process: `with Server() as aws: ... aws.url`.
"""
