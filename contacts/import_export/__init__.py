"""Import and export of clinicians as CSV and XLSX."""
