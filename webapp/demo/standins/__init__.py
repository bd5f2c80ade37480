"""Stand-ins for outside services: HTTP servers with a fault script, chosen by their base URL."""
