"""The API under load, every answer compared with the expected one."""
