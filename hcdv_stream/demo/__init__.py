"""The demonstration: the whole service on one machine, fed, watched and evaluated."""
