"""The one owner of child processes, with asyncio."""
