"""What is done with the project: its demo, documents, screenshots and mutants."""
