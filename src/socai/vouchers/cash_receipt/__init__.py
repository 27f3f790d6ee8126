"""Phiếu thu: money into a cash fund. "Rút tiền gửi nhập quỹ" is booked here only and stands in the bank book too."""
