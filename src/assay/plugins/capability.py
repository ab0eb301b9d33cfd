"""The door of plugins."""

from __future__ import annotations

from assay.kernel.catalogue import Capability
from assay.plugins import events, own
from assay.plugins.operations import ai_plugins, pages, plugins, query, stores

PLUGINS = Capability(
    name="plugins",
    title="Plugins",
    group="Ground",
    package="assay.plugins",
    operations=(
        stores.list_stores,
        stores.list_kinds,
        stores.create_store,
        stores.update_store,
        stores.delete_store,
        stores.verify,
        plugins.list_plugins,
        plugins.read_log,
        plugins.start,
        plugins.stop,
        plugins.restart,
        query.query,
        query.generate,
        query.capabilities,
        ai_plugins.register,
        ai_plugins.discover,
        ai_plugins.health,
        ai_plugins.health_of,
        ai_plugins.unregister,
        pages.menus,
        pages.page_js,
        pages.page_css,
    ),
    announces=(
        events.PLUGIN_STARTED,
        events.PLUGIN_DEGRADED,
        events.PLUGIN_CRASHED,
        events.PLUGIN_STOPPED,
        events.STORE_SAVED,
        events.STORE_REMOVED,
    ),
    uses=(own.GENERATE, own.CAPABILITIES),
)
