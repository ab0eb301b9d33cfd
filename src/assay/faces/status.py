"""What an error of ours is in gRPC: a status, a sentence, and Google's details for clients that read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from assay.faces.refusal import error_json
from assay.kernel.errors import AssayError, Limited

DOMAIN = "assay"
DETAILS = "grpc-status-details-bin"
Trailing = tuple[tuple[str, str | bytes], ...]

_BY_CODE = {"CONFIDENCE_TOO_LOW": StatusCode.FAILED_PRECONDITION}
_BY_STATUS = {
    401: StatusCode.UNAUTHENTICATED, 403: StatusCode.PERMISSION_DENIED, 404: StatusCode.NOT_FOUND,
    409: StatusCode.ABORTED, 413: StatusCode.OUT_OF_RANGE, 422: StatusCode.INVALID_ARGUMENT,
    428: StatusCode.FAILED_PRECONDITION, 429: StatusCode.RESOURCE_EXHAUSTED, 499: StatusCode.CANCELLED,
    503: StatusCode.UNAVAILABLE, 504: StatusCode.DEADLINE_EXCEEDED,
}  # fmt: skip
_HANDED_ON = {
    one.name: one
    for one in (StatusCode.UNKNOWN, StatusCode.FAILED_PRECONDITION, StatusCode.ALREADY_EXISTS, StatusCode.OUT_OF_RANGE)
}
"""What a plugin said and our own error is wider than: the caller is told the plugin's status."""
_MOST_MESSAGE, _MOST_DETAILS = 600, 3_000
"""Bytes. A client takes 8 KB of trailing metadata, in which a message of other letters is three times as long."""


def status_of(error: AssayError) -> tuple[StatusCode, str, Trailing]:
    """Return the status, the sentence and the trailing metadata that tell of an error.

    `grpc-status-details-bin` holds a google.rpc.Status with an ErrorInfo: the reason is our code, the metadata our
    details (what is no text, as JSON), `suggestions` and `trace_id`. Of a limit, there is a RetryInfo, too. Clients
    that do not know those find our code in `error-code`, and the seconds in `retry-after`.
    """
    said = error_json(error)["error"]
    code = _BY_CODE.get(error.code) or _HANDED_ON.get(str(error.details.get("grpc")))
    code = code or _BY_STATUS.get(error.status, StatusCode.INTERNAL)
    message = _cut(error.message)
    more = {"suggestions": said["suggestions"]} if said["suggestions"] else {}
    told = _fitting({**said["details"], **more})
    parts = [_packed(ErrorInfo(reason=error.code, domain=DOMAIN, metadata={**told, "trace_id": said["trace_id"]}))]
    trailing: Trailing = (("error-code", error.code),)
    if isinstance(error, Limited):
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1e3))
        parts.append(_packed(retry))
        trailing = (*trailing, ("retry-after", f"{error.retry_after:g}"))
    number: int = code.value[0]
    status = Status(code=number, message=message, details=parts)
    return code, message, ((DETAILS, status.SerializeToString()), *trailing)


def _packed(part: ErrorInfo | RetryInfo) -> Packed:
    packed = Packed()
    packed.Pack(part)
    return packed


def _cut(text: str) -> str:
    whole = text.encode(errors="replace")
    return whole.decode() if len(whole) <= _MOST_MESSAGE else whole[:_MOST_MESSAGE].decode(errors="ignore") + "…"


def _fitting(details: Mapping[str, Any]) -> dict[str, str]:
    """Details as texts; where they are too long, the longest are left out, and `left_out` names them."""
    texts = {name: _text(value) for name, value in details.items() if value is not None}
    left: list[str] = []
    while sum(len(name) + len(text.encode()) for name, text in texts.items()) > _MOST_DETAILS:
        left.append(max(texts, key=lambda name: len(texts[name].encode())))
        del texts[left[-1]]
    return {**texts, "left_out": ",".join(left)} if left else texts


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode(errors="replace").decode()
