"""Times to the second, on a 24-hour clock: what was sent when is often the question."""

TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j M Y, H:i:s"
