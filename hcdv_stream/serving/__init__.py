"""What worker, API and gateway share as HTTP servers: socket, bounds on connections, host names."""
