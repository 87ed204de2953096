"""Static data of a country obtained from the services that publish them, into the folder that `prepare` reads."""
