"""The simulated phones and the demonstration call."""
