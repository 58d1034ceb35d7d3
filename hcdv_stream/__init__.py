"""The Shapley-style value of every training example, kept current while examples stream in."""
