"""What staff must know, found in the database by itself and told by webhook, e-mail and command.

Nothing here runs inside a payment's database transaction, and nothing waits for it.
"""
