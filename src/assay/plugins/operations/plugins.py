"""What can be asked of plugins themselves: which run, start, stop, what they wrote."""

from __future__ import annotations

from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.paging import cursor_after, offset_of
from assay.kernel.values import Empty, Page
from assay.plugins import show
from assay.plugins.model import FindPlugin, LogLine, PluginLine, Plugins, ReadLog
from assay.plugins.supervisor import Supervisor
from assay.ports.errors import Conflict, Invalid, NotFound, Unavailable


@operation("plugins.list", effect="read", needs="plugins:read", http=Get("/api/v1/plugins"),
           when="you want to know which plugins run, and why one does not")  # fmt: skip
async def list_plugins(asked: Empty, ctx: Context) -> Plugins:
    """List the plugins that enabled stores use: state, process, restarts."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    return Plugins(data=tuple(show.plugin_line(one, supervisor) for one in supervisor.plugins))


@operation("plugins.log", effect="read", needs="plugins:log", http=Get("/api/v1/plugins/{name}/log"),
           errors=[NotFound, Invalid, Unavailable])  # fmt: skip
async def read_log(asked: ReadLog, ctx: Context) -> Page[LogLine]:
    """Read what a plugin wrote, whoever of this home started it, oldest first; the last 256 kB at least are kept."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    lines = await ctx.workers.in_thread(supervisor.plugin(asked.name).journal.lines)
    offset = offset_of(asked.cursor)
    shown = tuple(
        LogLine(number=number, at=line.at, text=line.text)
        for number, line in enumerate(lines[offset : offset + asked.limit], offset + 1)
    )
    return Page[LogLine](items=shown, total=len(lines), next_cursor=cursor_after(offset, len(shown), len(lines)))


@operation("plugins.start", effect="write", needs="plugins:run", http=Post("/api/v1/plugins/{name}/start"),
           errors=[NotFound, Conflict])  # fmt: skip
async def start(asked: FindPlugin, ctx: Context) -> PluginLine:
    """Start a plugin that was stopped, or that was left alone after too many crashes."""
    supervisor = ctx.port(Supervisor)
    plugin = supervisor.own_plugin(asked.name)
    plugin.begin()
    return show.plugin_line(plugin, supervisor)


@operation("plugins.stop", effect="write", needs="plugins:run", http=Post("/api/v1/plugins/{name}/stop"),
           errors=[NotFound, Conflict])  # fmt: skip
async def stop(asked: FindPlugin, ctx: Context) -> PluginLine:
    """Stop a plugin until it is started again, or this program is; its stores are not there meanwhile."""
    supervisor = ctx.port(Supervisor)
    plugin = supervisor.own_plugin(asked.name)
    await plugin.end(f"{ctx.caller.name} stopped it")
    return show.plugin_line(plugin, supervisor)


@operation("plugins.restart", effect="write", needs="plugins:run", http=Post("/api/v1/plugins/{name}/restart"),
           errors=[NotFound, Conflict])  # fmt: skip
async def restart(asked: FindPlugin, ctx: Context) -> PluginLine:
    """Stop a plugin and start it anew."""
    supervisor = ctx.port(Supervisor)
    plugin = supervisor.own_plugin(asked.name)
    await plugin.end(f"{ctx.caller.name} starts it anew")
    plugin.begin()
    return show.plugin_line(plugin, supervisor)
