"""The contrastive encoder and the grid that its embeddings lie on."""
