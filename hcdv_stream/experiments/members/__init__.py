"""Leaves and members of ``HCDV.fit``, on sets to tune on."""
