"""What the health checks find."""

from alerts.monitoring import report


def wrong() -> list[str]:
    """The findings that are over their limit."""
    return [finding.name for finding in report.findings() if not finding.ok]
