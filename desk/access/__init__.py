"""Who may come in and what they may do: accounts, passwords, second factor, sessions, throttling, permissions."""
