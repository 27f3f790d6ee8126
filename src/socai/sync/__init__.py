"""The protocol without I/O: messages, machines and decisions. No socket, clock or SQL."""
