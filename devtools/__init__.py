"""What runs, checks and shows Runsheet on a developer's machine; never shipped in the wheel."""
