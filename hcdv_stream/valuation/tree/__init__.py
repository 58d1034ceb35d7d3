"""The tree: leaves, nodes, sketches, where examples go and how the tree changes."""
