"""A question in words becomes SQL that has been checked, explained, and run when asked."""
