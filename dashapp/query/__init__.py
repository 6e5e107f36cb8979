"""Questions to datasets and their answers: `run` and its siblings.

Below them: `keys` (the one function that makes keys), `canonical` and `compile` (from a question
to SQL), `rules` (row-level rules), `timerange`, `post` (steps after the warehouse).
"""

from dashapp.query.cancelling import cancel, leave, supersede
from dashapp.query.keys import fingerprint, key
from dashapp.query.plan import Context
from dashapp.query.result import Result
from dashapp.query.run import Question, key_of, peek, run, run_many, run_planned, sql_of, stream
from dashapp.query.versions import DataVersion, once, version_of

__all__ = [
    "Context",
    "DataVersion",
    "Question",
    "Result",
    "cancel",
    "fingerprint",
    "key",
    "key_of",
    "leave",
    "once",
    "peek",
    "run",
    "run_many",
    "run_planned",
    "sql_of",
    "stream",
    "supersede",
    "version_of",
]
