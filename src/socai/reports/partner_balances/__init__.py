"""Bảng tổng hợp thanh toán theo đối tượng: every partner of one account, nothing netted between them."""
