"""The rules of cards: what they say, how they are drawn, packed and signed."""
