"""Chuyển tiền nội bộ: from one of the company's bank accounts to another, straight or by way of money in transit."""
