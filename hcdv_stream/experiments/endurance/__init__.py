"""Long trials of the whole service: kills, broker faults, a full disk, and hours of load."""
