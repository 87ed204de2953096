"""The vocabulary of all packages: what each may speak of and none owns. Values only: no file, no network, no clock."""
