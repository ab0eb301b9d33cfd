"""A statement passes only when everything in it is known to be harmless; what is run is written anew from its tree."""
