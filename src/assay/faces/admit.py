"""Says who asks, before anything of the question is read."""

from __future__ import annotations

from assay.kernel.call import authorise, identify
from assay.kernel.caller import NOBODY, Caller
from assay.kernel.errors import AssayError
from assay.kernel.house import House
from assay.kernel.operation import Operation
from assay.kernel.secret import Secret


async def admit(house: House, operation: Operation, shown: Secret | None) -> Caller:
    """Return who asks; raises Unauthenticated or Forbidden, and the audit has it.

    Whoever asks what needs no permission is nobody: a sign-in works in spite of an old credential.
    """
    if operation.needs is None:
        return NOBODY
    try:
        caller = await identify(house.desk, shown)
        authorise(operation, caller)
    except AssayError:
        await house.call(operation.name, b"{}", credential=shown)  # ends in the same error, written down
        raise
    return caller
