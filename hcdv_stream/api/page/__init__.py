"""The live page and the documentation: static files that ask the API, and nothing else."""
