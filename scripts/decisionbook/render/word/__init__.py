"""The book as an editable Word document, laid out after GB/T 9704-2012."""
