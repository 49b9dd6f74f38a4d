"""The web front end: base templates, components, static files and the pages that belong to no other context."""
