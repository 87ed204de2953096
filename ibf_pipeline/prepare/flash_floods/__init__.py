"""What is prepared of a country for flash floods: whom each flood of its library reaches, and where its water is."""
