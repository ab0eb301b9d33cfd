"""Our own plugin for atest, atest-store-ai: what Assay answers, over the protocol that atest's host speaks."""
