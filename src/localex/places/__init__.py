"""Safe places: where two members can meet, postcodes, and the map that LocalEx draws itself."""
