"""Rules and daemons: the only part that holds node credentials and keys. A library first."""
