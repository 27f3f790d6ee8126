"""Bảng cân đối số phát sinh: six columns, parents summed, gross accounts on both sides. A statement to tax under TT133."""
