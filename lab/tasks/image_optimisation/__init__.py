"""Images as what is optimised: a trained network stays as it is, and pixels (or what makes them) are changed."""
