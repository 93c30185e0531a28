"""One file a revision. Never edit one that was released: add another (expand first, contract in a later release)."""
