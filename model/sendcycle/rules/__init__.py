"""What families, schools, authorities and the tribunal do in a month."""
