"""Sources of sessions: a generated click-stream, files to replay, and sellers of both."""
