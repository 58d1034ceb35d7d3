"""The gateway: one API over the APIs of many machines, merged to the last bit."""
