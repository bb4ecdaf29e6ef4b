"""What tests need: faults, and the requests seen."""
