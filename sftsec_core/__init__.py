"""sftsec: supervised fine-tuning on the verdicts that analysts already give."""

__version__ = "0.1.0"
