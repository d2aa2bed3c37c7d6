"""Values: what a cell says as a number, and the unit of a column."""
