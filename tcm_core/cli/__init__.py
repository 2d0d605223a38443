"""The command line `tcm`: one module a command, registered in main."""
