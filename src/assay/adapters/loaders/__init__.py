"""The way to plugins of atest's loader protocol: gRPC over a Unix socket, or TCP on this machine."""
