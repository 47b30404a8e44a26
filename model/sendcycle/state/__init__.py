"""What the model keeps: children as columns, schools, authorities and the nation as records, agents to look at them."""
