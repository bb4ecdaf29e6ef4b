"""HTTP on loopback: routes, errors, the control plane, the server."""
