"""What is checked of a template: one module per kind of rule, each rule once. A check takes a
`Subject` and yields findings; it works on documents that are half done and never raises."""
