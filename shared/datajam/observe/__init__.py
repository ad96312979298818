"""The one tidy table: how published cells become it, and how tables are joined without losing anybody."""
