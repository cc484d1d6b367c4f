"""What people do with a store besides training on it: look into it, check it, take it elsewhere."""
