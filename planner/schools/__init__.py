"""Schools: pupils and classes, seats that are missing, what to build in which year, and who goes where."""
