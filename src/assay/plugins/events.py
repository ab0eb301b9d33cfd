"""Facts that plugins announces."""

from __future__ import annotations

PLUGIN_STARTED = "plugins.PluginStarted"
PLUGIN_DEGRADED = "plugins.PluginDegraded"
PLUGIN_CRASHED = "plugins.PluginCrashed"
PLUGIN_STOPPED = "plugins.PluginStopped"
STORE_SAVED = "plugins.StoreSaved"
STORE_REMOVED = "plugins.StoreRemoved"

OF_STATE = {
    "ready": PLUGIN_STARTED,
    "degraded": PLUGIN_DEGRADED,
    "crashed": PLUGIN_CRASHED,
    "stopped": PLUGIN_STOPPED,
}
"""What is announced when a plugin gets into a state."""
