"""`bin/drill`: each drill injects one fault, shows what an operator sees of it, applies the cure
that the runbook names, and checks that it worked. Only ever in a bin/dev environment."""
