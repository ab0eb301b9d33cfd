"""Serves second addresses: their words become the operation's, and its answer becomes theirs."""

from __future__ import annotations

from typing import Any

from assay.faces.families import Shape
from assay.faces.rest.http import Header, Request
from assay.faces.rest.respond import limit_headers, send_answer
from assay.faces.shape import answer_json
from assay.kernel.call import Asked, validate
from assay.kernel.caller import Caller
from assay.kernel.errors import AssayError, Limited
from assay.kernel.house import House


async def serve_shape(
    house: House, request: Request, shape: Shape, question: Asked, caller: Caller, key: str | None
) -> None:
    """Answer a question that came to a second address; raise what the operation raises, unless the shape tells it."""
    asked: Any = validate(shape.record, question)
    headers: tuple[Header, ...] = ()
    try:
        answer = await house.call(shape.of, shape.into(asked), caller=caller, key=key)
        said = shape.out(asked, answer_json(house.catalogue.find(shape.of), answer))
    except AssayError as error:
        if shape.failed is None:
            raise
        said = shape.failed(error)
        headers = limit_headers(error) if isinstance(error, Limited) else ()
    await send_answer(request, shape.record, said, headers=headers)
