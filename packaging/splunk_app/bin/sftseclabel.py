"""The search command `sftseclabel`; see default/searchbnf.conf."""

from sftsec_app.chunked import run
from sftsec_app.labelling import LabelCommand

if __name__ == "__main__":
    run(LabelCommand)
