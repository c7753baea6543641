"""Other ways to get the same image or the same heat source, as their users would write them."""
