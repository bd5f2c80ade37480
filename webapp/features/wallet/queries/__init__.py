"""Long reads of cards."""
