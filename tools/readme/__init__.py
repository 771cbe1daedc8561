"""What the README's tables and figures are made of: stored rankings, shipped features and kept measurements."""
