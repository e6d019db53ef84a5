"""A fuzzer for everything that reads what a user gives: ``python -m tests.fuzz --help``."""
