"""The search command `sftsecscore`; see default/searchbnf.conf."""

from sftsec_app.chunked import run
from sftsec_app.scoring import ScoreCommand

if __name__ == "__main__":
    run(ScoreCommand)
