"""What a dataset and a model must offer to be plugged in, and the registries that hold them."""
