"""What shoppers see of their points, one folder a widget."""
