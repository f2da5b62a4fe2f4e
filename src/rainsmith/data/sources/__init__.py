"""Files of a user, brought to fields with named dimensions."""
