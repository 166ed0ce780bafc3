# `sftsec package splunk` copies the folder sftsec_core/sdk/portable to this place. This file tells
# type checkers so; the app does not hold it.
from sftsec_core.sdk.portable import *  # noqa: F403 - the copy has the same names
