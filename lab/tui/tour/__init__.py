"""The tour: five pages on what the lab is and how it is used."""
