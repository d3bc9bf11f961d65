"""Real workers report, each with its kind."""

from alerts.models import WorkerHeartbeat, WorkerKind
from tests.flows.conftest import Bleep
from tests.processes import wait_until


def test_both_kinds_of_workers_report(bleep: Bleep) -> None:
    def kinds() -> set[str]:
        return set(WorkerHeartbeat.objects.fresh().values_list("kind", flat=True))

    wait_until(lambda: kinds() == set(WorkerKind.values), what="both have reported", seconds=30)
