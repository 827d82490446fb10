"""From a document to figure rows, and from a draft to remarks: what reads numbers in running text."""
