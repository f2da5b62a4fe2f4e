"""Data: read, checked, split and measured into a store, and days of a store as tensors."""
