"""How England stood in September 2014: who there is, who has a plan, what staff, places and money there are."""
