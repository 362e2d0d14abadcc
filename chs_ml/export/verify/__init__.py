"""Whether what another scorer answered is what the formula says, and if not, what it most likely did instead."""

from chs_ml.export.verify.answers import NUMBERS, TEXTS, TOLERANCE, Answers, Tolerance
from chs_ml.export.verify.causes import Cause, likely_causes
from chs_ml.export.verify.scorer import Scorer
from chs_ml.export.verify.tally import Batch, Difference, Tally
from chs_ml.export.verify.vector_ids import rows_of_vectors, vector_id

__all__ = [
    "NUMBERS",
    "TEXTS",
    "TOLERANCE",
    "Answers",
    "Batch",
    "Cause",
    "Difference",
    "Scorer",
    "Tally",
    "Tolerance",
    "likely_causes",
    "rows_of_vectors",
    "vector_id",
]
