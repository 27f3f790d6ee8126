"""Thu tiền gửi (giấy báo có): money into one of the company's bank accounts."""
