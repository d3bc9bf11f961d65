"""The demo's token, which everybody knows: it works in local mode and nowhere else. Needs no Django."""

TOKEN = "384324732"  # noqa: S105 - it is in the published sample
