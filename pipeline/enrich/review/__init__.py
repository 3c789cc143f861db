"""What a person looks at and decides: titles laid open, questions, decisions made into locks, and locks in files."""
