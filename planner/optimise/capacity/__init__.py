"""Sites that hold only so many people: which sizes are built, and who goes where."""
