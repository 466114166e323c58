"""Tables, columns and migrations. No rules: what a row may become is the engine's business."""
