"""A service under load for long: does anything grow?"""
