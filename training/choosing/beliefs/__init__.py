"""What is believed of candidates on a dataset, how a measurement moves it, and what one would be worth."""
