"""A verb is a map over videos: by one process, by several, or in parts on several machines."""
