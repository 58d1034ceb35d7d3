"""The live page: static files that ask the API from the browser, and nothing else."""
