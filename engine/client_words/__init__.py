"""What a client is told of payments, in plain words: the same on the page and by support."""
