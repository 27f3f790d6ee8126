"""The protocol between a DS and the cloud, sans-I/O: no socket, clock or SQL in this room."""
