"""The processes that carry out what is owed."""
