"""How dates and times are written where nobody says it, which is on the staff pages."""
