"""Sources of sessions: a generated click-stream, files to replay, and providers of both."""
