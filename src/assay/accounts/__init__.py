"""Who is calling, what they may do, what they have used."""
