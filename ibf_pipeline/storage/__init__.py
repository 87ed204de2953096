"""Files that must survive a machine: in the store, with their keys and hashes in the records; a folder is a cache."""
