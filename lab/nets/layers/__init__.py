"""The layers of the scenario language, one file each; all are imported by `lab.nets.layer.load_layers`."""
