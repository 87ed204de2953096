"""The words of the house: what every room may speak of and none owns. Values only: no file, no network, no clock."""
