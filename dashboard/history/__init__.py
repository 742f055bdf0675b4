"""How a stretch of days went: its numbers, its sentence, and its pictures."""
