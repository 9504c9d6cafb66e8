"""One file per data set or format of files; all are found by themselves."""
