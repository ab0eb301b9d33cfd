"""The door of models."""

from __future__ import annotations

from assay.kernel.catalogue import Capability, Retention
from assay.models import _store, operations

MODELS = Capability(
    name="models",
    title="Models",
    group="Ground",
    package="assay.models",
    operations=(
        operations.list_models,
        operations.test_model,
        operations.list_usage,
        operations.keep_key,
        operations.forget_key,
    ),
    tables=(_store.calls, _store.keys),
    retention=(Retention(_store.calls, "at", "keep_model_calls_days"),),
)
