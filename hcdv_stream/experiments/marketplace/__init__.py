"""The paper's market of five sellers, and floods of copies."""
