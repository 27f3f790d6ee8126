"""Chứng từ nghiệp vụ khác: any pair of accounts. A correcting one names what it corrects and may be negative (ghi số âm)."""
