"""Where answers come from: this machine's state, or the shards of many machines, merged."""
