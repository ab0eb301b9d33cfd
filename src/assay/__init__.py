"""AI for engineering operations, self-hosted, in which nothing is shown until it has been assayed."""

import os

# Children of ours are other programs. What gRPC does in a forked process, before it becomes one, has crashed it; and it
# has to be told before it is first imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
