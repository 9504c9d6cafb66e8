"""Files with data that come with the lab, each folder with its origin and licence."""
