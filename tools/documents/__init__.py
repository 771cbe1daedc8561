"""What the documents' tables, figures and outputs are made of: rankings, features, measurements, records, commands."""
