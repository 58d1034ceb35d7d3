"""The paper's Table 3: wrong labels."""
