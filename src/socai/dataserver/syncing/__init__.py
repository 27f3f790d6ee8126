"""The way to the cloud and back: hello, push, pull, downloads, shared numbers, comparison. Nobody waits for it."""
