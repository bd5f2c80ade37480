"""What shoppers see of their cards, one folder a widget."""
