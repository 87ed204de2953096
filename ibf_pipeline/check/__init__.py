"""Whether a country is set up soundly: each check looks at one thing and says what it found, meant and advises."""
