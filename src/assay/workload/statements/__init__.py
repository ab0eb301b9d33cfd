"""How a statement's text becomes facts: parsing, repairing, binding to the schema, laying out for reading."""
