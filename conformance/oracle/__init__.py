"""Pure judgement: bytes sent and bytes answered in, a fault or none out. Standard library only.

The judge has a grammar of its own and shares no code with any server. It says what is wrong and at which byte;
it never says where a server has to cut what it receives, only which cuts are possible.
"""

from conformance.oracle.fault import Fault, FaultKind
from conformance.oracle.profile import Profile, answers, judge
from conformance.oracle.stream import AnswerStream

__all__ = ["AnswerStream", "Fault", "FaultKind", "Profile", "answers", "judge"]
