"""A throw-away room and houses on it, with which the kernel, the runtime and the faces are tried."""
