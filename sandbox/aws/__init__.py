"""A local stand-in for AWS, and handsets to look at: what stock boto3 needs to run Bleep with no account.

moto answers SNS; Amazon Connect's outbound calls are added here. Point boto3 at it with AWS_ENDPOINT_URL, any
credentials and any Region. For development and tests only: it listens on the loopback interface and does not
ask who is there.

| path | what for |
| --- | --- |
| `GET /` | the handsets, in a browser |
| `GET /messages?limit=` | what arrived, newest first; `missed=true` adds the calls that nobody answered |
| `DELETE /messages` | forget what arrived |
| `POST /faults`, `GET /faults`, `DELETE /faults` | misbehave; what misbehaves; behave again (`faults.py`) |
| `GET /subscriptions` | subscriptions, e-mail and other; `pending=true` for those not confirmed |
| `POST /subscriptions/confirm` | do as the person does who follows the link in the confirmation e-mail |
| `GET /healthz` | up |

As a command: `python -m sandbox.aws --port 8001`. In a process: `with Server() as aws: ... aws.url`.
"""
