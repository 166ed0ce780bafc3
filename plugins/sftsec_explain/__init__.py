"""Why a detection was made."""
