"""The features of the specification, one folder each; they never import one another."""
