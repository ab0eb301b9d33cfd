"""The ledger: what was checked, how, with what result; verify and replay."""
