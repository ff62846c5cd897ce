"""axe, as all tests of pages ask it: in both themes and at both widths."""
