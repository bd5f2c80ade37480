"""The pictures of the demo shop, drawn by code so that no photograph has to be shipped."""
