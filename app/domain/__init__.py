"""What can happen: verbs on nouns. No Flask, no RQ, no network; nothing here commits."""
