"""24-hour times with seconds, since the order of events matters to staff."""

TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j M Y, H:i:s"
