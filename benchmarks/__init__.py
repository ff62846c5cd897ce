"""Measurements, as ratios within one run. `bin/bench NAME`."""
