"""Builds the packages that a SIEM installs, from the sources in `packaging/`."""
