"""The staff terminal (Textual): screens over the rows that engine.queries hands out."""
