"""The stack `BleepPlatform`: Bleep itself on AWS, beside `BleepMessaging`. Optional."""
