"""The ground floor: files written whole, locks, tables as text, and what every exchange over a network shares."""
