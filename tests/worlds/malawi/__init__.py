"""Malawi for flash floods: real areas and points, and a library, people, houses and roads made up around them."""
