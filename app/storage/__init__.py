"""What is kept on disk: the project database, the cache of maps, label files. No Qt."""
