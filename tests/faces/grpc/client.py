"""A gRPC client of the services of atest, as a program of somebody else's is one: paths, messages, metadata."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from assay.wire import server_pb2

DEADLINE_S = 60


class Client:
    """One channel to a server, with a token."""

    def __init__(self, address: str | None, token: str | None = None) -> None:
        assert address is not None
        self._channel = grpc.insecure_channel(address, options=(("grpc.use_local_subchannel_pool", 1),))
        self._said = (("authorization", f"Bearer {token}"),) if token else ()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def begin(self, name: str, request: Any, *said: tuple[str, Any], reply: Any = None, within_s: float = 60) -> Any:
        """Start a call of `Service.Method`; returns its future.

        Args:
            said: more metadata.
            reply: the class of the answer, where it is not that of our own descriptors.
        """
        service, _, method = name.partition(".")
        known = server_pb2.DESCRIPTOR.services_by_name[service].methods_by_name[method]
        made = self._channel.unary_unary(
            f"/server.{service}/{method}",
            request_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
            response_deserializer=(reply or GetMessageClass(known.output_type)).FromString,
        )
        return made.future(request, timeout=within_s, metadata=(*self._said, *said))

    def ask(self, name: str, request: Any, *said: tuple[str, Any], **more: Any) -> Any:
        """Call, and return the answer."""
        return self.begin(name, request, *said, **more).result()

    def refusal(self, name: str, request: Any, *said: tuple[str, Any], **more: Any) -> Refusal:
        """Call what must fail, and return how it did."""
        with pytest.raises(grpc.RpcError) as caught:
            self.ask(name, request, *said, **more)
        return Refusal(caught.value)


class Refusal:
    """How a call failed: the status, and what its details say."""

    def __init__(self, error: Any) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details()
        self.trailing = dict(error.trailing_metadata() or ())
        status = Status.FromString(self.trailing.get("grpc-status-details-bin", b""))
        self.info, self.retry = ErrorInfo(), RetryInfo()
        for part in status.details:
            for known in (self.info, self.retry):
                part.Unpack(known)
        if status.details:
            assert (status.code, status.message) == (self.code.value[0], self.message)
            assert self.info.domain == "assay"
        self.reason: str = self.info.reason
        self.details = dict(self.info.metadata)
