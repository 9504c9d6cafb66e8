"""The parts of the report in HTML: how it looks, its text, plots and pictures as SVG. `lab.exports.html` joins them."""
