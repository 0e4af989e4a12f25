"""The edges: HTTP, the socket, probes."""
