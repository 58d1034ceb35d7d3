"""The paper's augmentation study."""
