"""How what is stated compares with what is true: intervals, regret, and the chance of being the best."""
