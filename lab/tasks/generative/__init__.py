"""Tasks that learn what data are like: to make more of them, to describe them with few numbers."""
