"""The origin of all data: accept, lane, post, feed. It never imports the data server."""
