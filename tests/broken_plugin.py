raise RuntimeError("a plugin may do anything while it is imported")
