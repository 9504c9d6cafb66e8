"""One file for each kind of fault; see `lab.diagnosis.treatment`."""
