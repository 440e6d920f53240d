"""Personal data out of tables and records, before anything else sees them.

`Anonymizer` applies one transform per column and lets nothing through that nobody decided on.
Its policy says what becomes of each column and what an attacker still learns; pseudonymised data
stay personal data. `risk` counts how easily rows are singled out by what was kept.
"""

from prodml.privacy.anonymizer import Anonymizer
from prodml.privacy.dateshift import DateShift
from prodml.privacy.drop import Drop
from prodml.privacy.generalize import Generalize
from prodml.privacy.keep import Keep
from prodml.privacy.mask import Mask
from prodml.privacy.policy import Policy
from prodml.privacy.pseudonymize import Pseudonymize
from prodml.privacy.redact import Redact
from prodml.privacy.risk import RiskReport, risk
from prodml.privacy.topcode import TopCode
from prodml.privacy.transform import Action, Transform

__all__ = [
    "Action",
    "Anonymizer",
    "DateShift",
    "Drop",
    "Generalize",
    "Keep",
    "Mask",
    "Policy",
    "Pseudonymize",
    "Redact",
    "RiskReport",
    "TopCode",
    "Transform",
    "risk",
]
