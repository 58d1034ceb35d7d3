"""Queries of a corpus, one module each: parameters, a shard's answer, and how answers merge."""
