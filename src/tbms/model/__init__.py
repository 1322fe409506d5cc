"""The nouns of the house: frozen values that every room speaks of."""
