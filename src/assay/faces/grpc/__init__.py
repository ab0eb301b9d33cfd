"""The gRPC face: the services of atest's server that Assay answers, and nothing else of them."""
