"""Operations that gRPC carries, and the methods that the contracts have."""

from __future__ import annotations

from assay.faces.grpc.serve import ANSWERS
from assay.kernel.catalogue import Catalogue
from assay.kernel.own import HOUSE, JOBS
from assay.main import ROOMS
from assay.wire import server_pb2

NAMED = {one.name: one.rpc for one in Catalogue([*ROOMS, JOBS, HOUSE]) if one.rpc is not None}


def test_every_method_that_an_operation_names_is_in_the_descriptors() -> None:
    services = server_pb2.DESCRIPTOR.services_by_name
    known = {f"{service.name}.{method.name}" for service in services.values() for method in service.methods}
    assert NAMED and [name for name, rpc in NAMED.items() if rpc not in known] == []


def test_every_method_that_is_answered_has_an_operation_that_names_it() -> None:
    assert set(ANSWERS) == set(NAMED.values())
