"""Contract tests and fakes that plugin authors inherit."""
