"""Card, options and opener of every dataset. Readers are imported when a release is opened."""
